/*-------------------------------------------------------------------------
 * mail_body.c
 *	  The content of a mail: its parts, in lines that any mail server takes.
 *
 * Everything is written as quoted-printable, so that the lines are short and of
 * ASCII whatever the text is, and what is ASCII can be read as it is.
 *
 * src/wire/mail_body.c
 *-------------------------------------------------------------------------
 */
#include "wire/mail_body.h"

#include <stdbool.h>
#include <string.h>

#define LINE_LONGEST	((size_t) 76)	/* RFC 2045 section 6.7, rule 5 */
#define LINE_BREAK		"\r\n"
#define SOFT_BREAK		"=\r\n"

/* What cannot stand in quoted-printable: so no line of a part can be a boundary. */
#define BOUNDARY_MARK	"=_"

/* The bytes of the line break that the text begins with, 0 if it begins with none. */
static size_t
break_size(const char *text)
{
	if (text[0] == '\r')
		return text[1] == '\n' ? 2 : 1;
	return text[0] == '\n' ? 1 : 0;
}

static bool
ends_line(const char *text)
{
	return text[0] == '\0' || break_size(text) > 0;
}

/* Whether the character at text may be written as it is; column: where in the line. */
static bool
is_plain(const char *text, size_t column)
{
	unsigned char byte = (unsigned char) text[0];

	if (byte == ' ' || byte == '\t')
		return !ends_line(text + 1);
	if (byte < ' ' || byte > '~' || byte == '=')
		return false;
	/* the end of the message, and what mailboxes tell messages apart by */
	return column > 0 || (byte != '.' && strncmp(text, "From ", 5) != 0);
}

static void
put_character(MailText *out, const char *text, size_t *column)
{
	static const char hex[] = "0123456789ABCDEF";
	bool		plain = is_plain(text, *column);
	size_t		size = plain ? 1 : 3;
	char		escaped[3] = {'=', hex[(unsigned char) text[0] >> 4], hex[text[0] & 15]};

	/* the = of a soft break needs a place, too, unless the line ends here */
	if (*column + size + (ends_line(text + 1) ? 0 : 1) > LINE_LONGEST)
	{
		respond_mail_text_append_string(out, SOFT_BREAK);
		*column = 0;
		put_character(out, text, column);
		return;
	}
	respond_mail_text_append(out, plain ? text : escaped, size);
	*column += size;
}

void
respond_mail_body_text(const char *text, MailText *out)
{
	size_t		column = 0;

	while (*text != '\0')
	{
		size_t		size = break_size(text);

		if (size == 0)
		{
			put_character(out, text++, &column);
			continue;
		}
		respond_mail_text_append_string(out, LINE_BREAK);
		text += size;
		column = 0;
	}
}

static void
write_part(const char *type, const char *text, MailText *out)
{
	respond_mail_text_append_string(out, "Content-Type: text/");
	respond_mail_text_append_string(out, type);
	respond_mail_text_append_string(out, "; charset=utf-8" LINE_BREAK
									"Content-Transfer-Encoding: quoted-printable" LINE_BREAK LINE_BREAK);
	respond_mail_body_text(text, out);
}

static void
write_boundary(const char *id, const char *end, MailText *out)
{
	respond_mail_text_append_string(out, "--" BOUNDARY_MARK);
	respond_mail_text_append_string(out, id);
	respond_mail_text_append_string(out, end);
	respond_mail_text_append_string(out, LINE_BREAK);
}

static void
write_alternatives(const char *text, const char *html, const char *id, MailText *out)
{
	respond_mail_text_append_string(out, "Content-Type: multipart/alternative;" LINE_BREAK
									" boundary=\"" BOUNDARY_MARK);
	respond_mail_text_append_string(out, id);
	respond_mail_text_append_string(out, "\"" LINE_BREAK LINE_BREAK);
	write_boundary(id, "", out);
	write_part("plain", text, out);
	respond_mail_text_append_string(out, LINE_BREAK);
	write_boundary(id, "", out);
	write_part("html", html, out);
	respond_mail_text_append_string(out, LINE_BREAK);
	write_boundary(id, "--", out);
}

/* SMTP adds one to a message that does not end with it; so it is the same everywhere. */
static void
end_line(MailText *out)
{
	if (!out->failed && (out->length < 2 || memcmp(out->data + out->length - 2, LINE_BREAK, 2) != 0))
		respond_mail_text_append_string(out, LINE_BREAK);
}

void
respond_mail_body_write(const char *text, const char *html, const char *id, MailText *out)
{
	respond_mail_text_append_string(out, "MIME-Version: 1.0" LINE_BREAK);
	if (text != NULL && html != NULL)
		write_alternatives(text, html, id, out);
	else if (html != NULL)
		write_part("html", html, out);
	else
		write_part("plain", text != NULL ? text : "", out);
	end_line(out);
}
