/*-------------------------------------------------------------------------
 * mail_address.c
 *	  Lists of mail addresses as people write them.
 *
 * A list is cut at the commas that stand neither in quotes nor in angle
 * brackets; each piece then is read on its own, so that an error can name it.
 *
 * src/wire/mail_address.c
 *-------------------------------------------------------------------------
 */
#include "wire/mail_address.h"

#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template/template_shield.h"
#include "wire/mail_text.h"

/* How much of a piece an error shows, in bytes. */
#define SHOWN_LONGEST		80

/* One piece of a list: text without the white space around it. */
typedef struct Piece
{
	const char *text;
	size_t		length;
	const char *open;			/* its <, or NULL */
	const char *close;			/* its >, or NULL */
	const char *next;			/* the comma or NUL behind it */
	const char *problem;		/* or NULL */
	bool		shielded;		/* it may hold what is shielded */
} Piece;

static void
trim(const char **text, size_t *length)
{
	while (*length > 0 && (*text)[0] == ' ')
	{
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && (*text)[*length - 1] == ' ')
		(*length)--;
}

/* The first problem is the one that is told. */
static void
note_problem(Piece *piece, const char *problem)
{
	if (piece->problem == NULL)
		piece->problem = problem;
}

/* What a character outside of quotes and angle brackets means; false at the end of the piece. */
static bool
scan_outside(Piece *piece, const char *at, bool *quoted)
{
	switch (*at)
	{
		case ',':
			return false;
		case ' ':
			return true;
		case '<':
			if (piece->open == NULL)
				piece->open = at;
			else
				note_problem(piece, "has more than one <");
			return true;
		case '>':
			note_problem(piece, "has a > without a <");
			return true;
		case ';':
			note_problem(piece, "holds a ; (commas separate addresses)");
			return true;
		case ':':
			note_problem(piece, "holds a : (groups cannot be used)");
			return true;
		case '"':
			*quoted = true;
			break;
		default:
			break;
	}
	if (piece->close != NULL)
		note_problem(piece, "has text after its >");
	return true;
}

static Piece
scan_piece(const char *text, bool shielded)
{
	Piece		piece = {.shielded = shielded};
	bool		quoted = false;
	const char *at;

	for (at = text; *at != '\0'; at++)
	{
		if (shielded && *at == TEMPLATE_SHIELD && at[1] != '\0')
			at++;
		else if (quoted)
		{
			if (*at == '\\' && at[1] != '\0')
				at++;
			else if (*at == '"')
				quoted = false;
		}
		else if (piece.open != NULL && piece.close == NULL)
		{
			if (*at == '>')
				piece.close = at;
		}
		else if (!scan_outside(&piece, at, &quoted))
			break;
	}
	if (quoted)
		note_problem(&piece, "has a quote that does not end");
	if (piece.open != NULL && piece.close == NULL)
		note_problem(&piece, "has a < without a >");
	piece.next = at;
	piece.text = text;
	piece.length = (size_t) (at - text);
	trim(&piece.text, &piece.length);
	return piece;
}

/* Removes quotes, escapes within them, and superfluous spaces outside of them. */
static void
read_name(const char *text, size_t length, bool shielded, MailText *name)
{
	bool		quoted = false;
	bool		space = false;

	for (size_t i = 0; i < length; i++)
	{
		char		byte;

		if (shielded && respond_template_unshield(text + i, length - i, &byte))
		{
			if (space)
				respond_mail_text_append(name, " ", 1);
			space = false;
			respond_mail_text_append(name, &byte, 1);
			i++;
			continue;
		}
		if (text[i] == '"')
		{
			quoted = !quoted;
			continue;
		}
		if (!quoted && text[i] == ' ')
		{
			space = name->length > 0;
			continue;
		}
		if (quoted && text[i] == '\\' && i + 1 < length)
			i++;
		if (space)
			respond_mail_text_append(name, " ", 1);
		space = false;
		respond_mail_text_append(name, text + i, 1);
	}
}

/* White space, brackets, quotes and separators: none may stand in an address. */
static const char *
check_characters(const char *address)
{
	const char *reason = respond_mail_text_check(address, strlen(address), false);

	if (reason != NULL)
		return reason;
	if (strchr(address, ' ') != NULL)
		return "holds a space";
	if (strpbrk(address, "<>,;:\"\\()") != NULL)
		return "holds one of < > , ; : \" \\ ( )";
	/* Some readers decode encoded words even here: then another address is read. */
	if (strstr(address, "=?") != NULL)
		return "holds =?";
	return NULL;
}

/* A domain of labels, or a literal such as [192.0.2.1]. */
static const char *
check_domain(const char *domain)
{
	size_t		length = strlen(domain);

	if (length == 0)
		return "has nothing after its @";
	if (domain[0] == '[' && domain[length - 1] == ']' && length > 2 &&
		strcspn(domain + 1, "[]") == length - 2)
		return NULL;
	if (strpbrk(domain, "[]") != NULL)
		return "holds [ or ] not around its domain";
	if (domain[0] == '.' || domain[length - 1] == '.' || strstr(domain, "..") != NULL)
		return "has an empty part in its domain";
	return NULL;
}

const char *
respond_mail_address_check(const char *address)
{
	const char *at = strchr(address, '@');
	const char *reason = check_characters(address);

	if (reason != NULL)
		return reason;
	if (address[0] == '\0')
		return "is empty";
	if (at == NULL)
		return "has no @";
	if (strchr(at + 1, '@') != NULL)
		return "has more than one @";
	if (at == address)
		return "has nothing before its @";
	if (memchr(address, '[', (size_t) (at - address)) != NULL ||
		memchr(address, ']', (size_t) (at - address)) != NULL)
		return "holds [ or ] not around its domain";
	if (at - address > MAIL_LOCAL_PART_LONGEST)
		return "has more than 64 bytes before its @";
	if (strlen(address) > MAIL_ADDRESS_LONGEST)
		return "has more than 254 bytes";
	return check_domain(at + 1);
}

/* The piece, or a part of it, as it is read in the end. */
static void
append_unshielded(const Piece *piece, const char *text, size_t length, MailText *out)
{
	for (size_t i = 0; i < length; i++)
	{
		char		byte = text[i];

		if (piece->shielded && respond_template_unshield(text + i, length - i, &byte))
			i++;
		respond_mail_text_append(out, &byte, 1);
	}
}

/* Appends the piece shortened and with ? for what no message should hold. */
static void
show_piece(const Piece *piece, MailText *shown)
{
	MailText	whole = {0};
	const char *text;
	size_t		at = 0;

	append_unshielded(piece, piece->text, piece->length, &whole);
	text = respond_mail_text_string(&whole);
	while (at < whole.length)
	{
		size_t		size = respond_mail_text_utf8_size(text + at, whole.length - at);

		if (at + (size == 0 ? 1 : size) > SHOWN_LONGEST)
		{
			respond_mail_text_append_string(shown, "...");
			break;
		}
		if (size == 0 || respond_mail_text_check(text + at, size, false) != NULL)
			respond_mail_text_append(shown, "?", 1);
		else
			respond_mail_text_append(shown, text + at, size);
		at += size == 0 ? 1 : size;
	}
	respond_mail_text_free(&whole);
}

static const char *
check_piece(const Piece *piece)
{
	MailText	whole = {0};
	const char *reason;

	if (!piece->shielded)
		return respond_mail_text_check(piece->text, piece->length, false);
	append_unshielded(piece, piece->text, piece->length, &whole);
	reason = respond_mail_text_check(respond_mail_text_string(&whole), whole.length, false);
	respond_mail_text_free(&whole);
	return reason;
}

void
respond_mail_addresses_free(MailAddresses *list)
{
	for (int i = 0; i < list->count; i++)
	{
		free(list->items[i].name);
		free(list->items[i].address);
	}
	memset(list, 0, sizeof(*list));
}

/* Empties the list and leaves only the message. */
static bool
refuse_piece(MailAddresses *list, const Piece *piece, const char *reason)
{
	MailText	shown = {0};

	respond_mail_addresses_free(list);
	show_piece(piece, &shown);
	snprintf(list->error, sizeof(list->error), "\"%s\" is not a mail address: it %s",
			 respond_mail_text_string(&shown), reason);
	respond_mail_text_free(&shown);
	return false;
}

static bool
refuse_list(MailAddresses *list, const char *format, int number)
{
	respond_mail_addresses_free(list);
	snprintf(list->error, sizeof(list->error), format, number);
	return false;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text >= 0x80)
			return false;
	return true;
}

/*
 * Domains in A-labels, whatever they were written in; NULL, or what is wrong.
 * Mapping to plain characters can give any of ASCII, commas too.
 */
static const char *
convert_domain(MailText *address)
{
	const char *at = strchr(respond_mail_text_string(address), '@');
	char	   *labels = NULL;
	size_t		local;

	if (at == NULL || is_ascii(at))
		return NULL;
	if (idn2_to_ascii_8z(at + 1, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return "has a domain that cannot be one (IDNA)";
	if (strspn(labels, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(labels))
	{
		idn2_free(labels);
		return "has a domain that cannot be one (IDNA)";
	}
	local = (size_t) (at + 1 - address->data);
	address->length = local;
	address->data[local] = '\0';
	respond_mail_text_append_string(address, labels);
	idn2_free(labels);
	return NULL;
}

/* Adds one address, or refuses the list. */
static bool
read_piece(MailAddresses *list, const Piece *piece)
{
	MailText	name = {0};
	MailText	address = {0};
	const char *text = piece->text;
	size_t		length = piece->length;
	const char *reason = check_piece(piece);

	if (reason == NULL)
		reason = piece->problem;
	if (reason != NULL)
		return refuse_piece(list, piece, reason);
	if (piece->open != NULL)
	{
		read_name(text, (size_t) (piece->open - text), piece->shielded, &name);
		text = piece->open + 1;
		length = (size_t) (piece->close - text);
		trim(&text, &length);
	}
	append_unshielded(piece, text, length, &address);
	respond_mail_text_append(&address, "", 0);
	reason = convert_domain(&address);
	if (name.failed || address.failed)
		reason = "needs more memory than is left";
	else if (reason == NULL)
		reason = respond_mail_address_check(respond_mail_text_string(&address));
	if (reason != NULL)
	{
		respond_mail_text_free(&name);
		respond_mail_text_free(&address);
		return refuse_piece(list, piece, reason);
	}
	/* The list owns the memory of both texts from here on. */
	list->items[list->count].name = name.data;
	list->items[list->count].address = address.data;
	list->count++;
	return true;
}

static bool
parse(const char *text, int most, bool shielded, MailAddresses *list)
{
	Piece		piece;

	if (most > MAIL_ADDRESSES_MOST)
		most = MAIL_ADDRESSES_MOST;
	memset(list, 0, sizeof(*list));
	for (;; text = piece.next + 1)
	{
		piece = scan_piece(text, shielded);
		if (piece.length > 0)
		{
			if (list->count == most)
				return refuse_list(list, most == 1 ? "more than one mail address" :
								   "more than %d mail addresses", most);
			if (!read_piece(list, &piece))
				return false;
		}
		if (*piece.next == '\0')
			break;
	}
	if (list->count == 0)
		return refuse_list(list, "no mail address", 0);
	return true;
}

bool
respond_mail_addresses_parse(const char *text, int most, MailAddresses *list)
{
	return parse(text, most, false, list);
}

bool
respond_mail_addresses_parse_shielded(const char *text, int most, MailAddresses *list)
{
	return parse(text, most, true, list);
}

/* In quotes, whatever it is: readers take them off. */
static void
write_name(const char *name, MailText *out)
{
	respond_mail_text_append(out, "\"", 1);
	for (; *name != '\0'; name++)
	{
		if (*name == '"' || *name == '\\')
			respond_mail_text_append(out, "\\", 1);
		respond_mail_text_append(out, name, 1);
	}
	respond_mail_text_append(out, "\"", 1);
}

void
respond_mail_addresses_write(const MailAddresses *list, MailText *out)
{
	for (int i = 0; i < list->count; i++)
	{
		const MailAddress *item = &list->items[i];
		bool		named = item->name != NULL && item->name[0] != '\0';

		if (i > 0)
			respond_mail_text_append_string(out, ", ");
		if (named)
		{
			write_name(item->name, out);
			respond_mail_text_append_string(out, " <");
		}
		respond_mail_text_append_string(out, item->address);
		if (named)
			respond_mail_text_append_string(out, ">");
	}
}

const char *
respond_mail_addresses_find_utf8(const MailAddresses *list)
{
	for (int i = 0; i < list->count; i++)
		if (!is_ascii(list->items[i].address))
			return list->items[i].address;
	return NULL;
}
