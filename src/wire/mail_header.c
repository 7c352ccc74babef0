/*-------------------------------------------------------------------------
 * mail_header.c
 *	  Headers of mail: encoded words, folding, lists of addresses, dates.
 *
 * A text is encoded as a whole or not at all: readers drop the white space
 * between encoded words and keep other white space, so a mixture would have to
 * guard every border.
 *
 * src/wire/mail_header.c
 *-------------------------------------------------------------------------
 */
#include "wire/mail_header.h"

#include <stdio.h>
#include <string.h>

#include "wire/http_header.h"
#include "wire/mail_line.h"

#define LINE_LIMIT			((size_t) 998)	/* RFC 5322 section 2.1.1 */

/* An ASCII word up to this size finds a place in a line of LINE_LIMIT. */
#define FOLDABLE_LONGEST	((size_t) 900)

/* A name up to this size, with its quotes, is not worth encoded words. */
#define PHRASE_LONGEST		((size_t) 60)

#define NO_MEMORY			"is too long for the memory left"

#define SECONDS_PER_DAY		((int64_t) 86400)
#define FIRST_SECOND		(INT64_C(-2208988800))	/* 1900-01-01 00:00:00 */
#define LAST_SECOND			(INT64_C(253402300799)) /* 9999-12-31 23:59:59 */

static const char *
begin_header(MailLine *line, const char *name, MailText *out)
{
	const char *reason = respond_http_header_check(name, NULL);

	if (reason == NULL && strlen(name) > MAIL_HEADER_NAME_LONGEST)
		reason = "has a name of more than 70 characters";
	if (reason != NULL)
		return reason;
	line->out = out;
	line->column = 0;
	respond_mail_line_put(line, name, strlen(name));
	respond_mail_line_put(line, ":", 1);
	return NULL;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if ((unsigned char) *text >= 0x80)
			return false;
	}
	return true;
}

/* Can a line be broken at the spaces of the text often enough? */
static bool
is_foldable(const char *text)
{
	while (*text != '\0')
	{
		size_t		word = strcspn(text, " ");

		/* With two spaces a line could end up with nothing else. */
		if (word == 0 || word > FOLDABLE_LONGEST)
			return false;
		text += word;
		if (*text == ' ')
			text++;
	}
	return true;
}

/* May the text stand in a header as it is, and be read there as it is? */
static bool
is_plain_text(const char *text, size_t length, size_t column)
{
	if (!is_ascii(text) || strstr(text, "=?") != NULL)
		return false;
	/* Readers strip white space at both ends. */
	if (length > 0 && (text[0] == ' ' || text[length - 1] == ' '))
		return false;
	return column + 1 + length <= LINE_LIMIT || is_foldable(text);
}

static void
put_plain_text(MailLine *line, const char *text, size_t length)
{
	respond_mail_line_put(line, " ", 1);
	while (line->column + length > LINE_LIMIT)
	{
		size_t		end = LINE_LIMIT - line->column;

		while (end > 0 && text[end] != ' ')
			end--;
		respond_mail_line_put(line, text, end);
		respond_mail_line_break(line);
		/* The space at the break becomes the one that marks a folded line. */
		respond_mail_line_put(line, " ", 1);
		text += end + 1;
		length -= end + 1;
	}
	respond_mail_line_put(line, text, length);
}

const char *
respond_mail_header_text(const char *name, const char *value, MailText *out)
{
	const char *reason = respond_mail_text_check(value, strlen(value), true);
	MailText	text = {0};
	MailLine	line;

	if (reason == NULL)
		reason = begin_header(&line, name, out);
	if (reason != NULL)
		return reason;
	respond_mail_text_append_string(&text, value);
	if (text.failed)
		out->failed = true;
	else
	{
		for (char *at = text.data; *at != '\0'; at++)
		{
			if (*at == '\t')
				*at = ' ';
		}
		if (is_plain_text(text.data, text.length, line.column))
			put_plain_text(&line, text.data, text.length);
		else
			respond_mail_line_put_encoded(&line, text.data, text.length);
	}
	respond_mail_text_free(&text);
	return out->failed ? NO_MEMORY : NULL;
}

/* atext of RFC 5322 section 3.2.3. */
static bool
is_atom_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Words of atom characters with one space between them need no quotes. */
static bool
is_atom_phrase(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
	{
		if (is_atom_character(*at))
			continue;
		if (*at != ' ' || at == name || !is_atom_character(at[1]))
			return false;
	}
	return true;
}

/* Writes a quoted-string (RFC 5322 section 3.2.4) of at most PHRASE_LONGEST; 0 if longer. */
static size_t
quote_name(const char *name, char *out)
{
	size_t		length = 0;

	out[length++] = '"';
	for (; *name != '\0'; name++)
	{
		if (length + 3 > PHRASE_LONGEST)
			return 0;
		if (*name == '"' || *name == '\\')
			out[length++] = '\\';
		out[length++] = *name;
	}
	out[length++] = '"';
	return length;
}

static void
put_name(MailLine *line, const char *name)
{
	char		quoted[PHRASE_LONGEST];
	size_t		length = strlen(name);
	bool		readable = is_ascii(name) && strstr(name, "=?") == NULL;

	if (readable && length <= PHRASE_LONGEST && is_atom_phrase(name))
	{
		respond_mail_line_put_piece(line, name, length);
		return;
	}
	length = readable ? quote_name(name, quoted) : 0;
	if (length > 0)
		respond_mail_line_put_piece(line, quoted, length);
	else
		respond_mail_line_put_encoded(line, name, strlen(name));
}

/* An address that cannot stand in an ASCII header, to be read only. */
static void
put_group(MailLine *line, const MailAddress *item, bool is_last)
{
	MailText	text = {0};

	if (item->name != NULL && item->name[0] != '\0')
	{
		respond_mail_text_append_string(&text, item->name);
		respond_mail_text_append_string(&text, " ");
	}
	respond_mail_text_append_string(&text, item->address);
	respond_mail_line_put_encoded(line, respond_mail_text_string(&text), text.length);
	respond_mail_line_put_piece(line, is_last ? ":;" : ":;,", is_last ? 2 : 3);
	line->out->failed |= text.failed;
	respond_mail_text_free(&text);
}

static void
put_address(MailLine *line, const MailAddress *item, bool is_last)
{
	char		piece[MAIL_ADDRESS_LONGEST + 4];
	bool		named = item->name != NULL && item->name[0] != '\0';
	int			length;

	if (named)
		put_name(line, item->name);
	length = snprintf(piece, sizeof(piece), "%s%s%s%s", named ? "<" : "", item->address,
					  named ? ">" : "", is_last ? "" : ",");
	respond_mail_line_put_piece(line, piece, (size_t) length);
}

/* Lists made by hand are checked like those that were read. */
static const char *
check_list(const MailAddresses *list)
{
	if (list->count < 1)
		return "holds no mail address";
	for (int i = 0; i < list->count; i++)
	{
		const MailAddress *item = &list->items[i];

		if (respond_mail_address_check(item->address) != NULL)
			return "holds an address that is not legal";
		if (item->name != NULL && respond_mail_text_check(item->name, strlen(item->name), false) != NULL)
			return "holds a name that is not legal";
	}
	return NULL;
}

const char *
respond_mail_header_addresses(const char *name, const MailAddresses *list, MailText *out)
{
	const char *reason = check_list(list);
	MailLine	line;

	if (reason == NULL)
		reason = begin_header(&line, name, out);
	if (reason != NULL)
		return reason;
	for (int i = 0; i < list->count; i++)
	{
		if (list->in_ascii && !is_ascii(list->items[i].address))
			put_group(&line, &list->items[i], i == list->count - 1);
		else
			put_address(&line, &list->items[i], i == list->count - 1);
	}
	return out->failed ? NO_MEMORY : NULL;
}

/* The date of a day counted from 1970-01-01, in the calendar of today. */
static void
read_day(int64_t day, int *year, int *month, int *day_of_month)
{
	/* Years of this count begin in March, so that the leap day is the last. */
	int64_t		shifted = day + 719468;
	int64_t		era = shifted / 146097;
	int64_t		day_of_era = shifted % 146097;
	int64_t		year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
							   day_of_era / 146096) / 365;
	int64_t		day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t		march_month = (5 * day_of_year + 2) / 153;

	*day_of_month = (int) (day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);
	*year = (int) (era * 400 + year_of_era + (*month <= 2 ? 1 : 0));
}

const char *
respond_mail_header_date(int64_t seconds, MailText *out)
{
	static const char *const day_names[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char		text[64];
	int64_t		day;
	int			second;
	int			year;
	int			month;
	int			day_of_month;

	if (seconds < FIRST_SECOND)
		seconds = FIRST_SECOND;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	/* Rounded down, for times before 1970 too. */
	day = (seconds - FIRST_SECOND) / SECONDS_PER_DAY + FIRST_SECOND / SECONDS_PER_DAY;
	second = (int) (seconds - day * SECONDS_PER_DAY);
	read_day(day, &year, &month, &day_of_month);
	/* 7 * 3653 is more than the days from 1900 to 1970: no negative remainder. */
	snprintf(text, sizeof(text), "Date: %s, %02d %s %04d %02d:%02d:%02d +0000",
			 day_names[(day + 7 * 3653) % 7], day_of_month, month_names[month - 1], year,
			 second / 3600, second / 60 % 60, second % 60);
	respond_mail_text_append_string(out, text);
	return out->failed ? NO_MEMORY : NULL;
}
