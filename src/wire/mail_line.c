/*-------------------------------------------------------------------------
 * mail_line.c
 *	  Writes a header of mail piece by piece, in lines of 76 characters.
 *
 * src/wire/mail_line.c
 *-------------------------------------------------------------------------
 */
#include "wire/mail_line.h"

#include <string.h>

#define LINE_LONGEST		((size_t) 76)	/* RFC 2047 section 2 */
#define LINE_BREAK			"\r\n"

#define WORD_LONGEST		((size_t) 75)	/* RFC 2047 section 2 */
#define WORD_PREFIX_Q		"=?UTF-8?Q?"
#define WORD_PREFIX_B		"=?UTF-8?B?"
#define WORD_END			"?="
#define WORD_OVERHEAD		(sizeof(WORD_PREFIX_Q) - 1 + sizeof(WORD_END) - 1)

/* The longest character, four bytes in Q, fits in a word of this size. */
#define WORD_SHORTEST		(WORD_OVERHEAD + 12)

void
respond_mail_line_put(MailLine *line, const char *bytes, size_t length)
{
	respond_mail_text_append(line->out, bytes, length);
	line->column += length;
}

void
respond_mail_line_break(MailLine *line)
{
	respond_mail_text_append_string(line->out, LINE_BREAK);
	line->column = 0;
}

void
respond_mail_line_put_piece(MailLine *line, const char *bytes, size_t length)
{
	if (line->column + 1 + length > LINE_LONGEST)
		respond_mail_line_break(line);
	respond_mail_line_put(line, " ", 1);
	respond_mail_line_put(line, bytes, length);
}

/*
 * Characters that stand for themselves in Q.  Those of a phrase (RFC 2047
 * section 5, rule 3) are used everywhere: they are legal in any place.
 */
static bool
is_plain_in_q(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static size_t
size_in_q(const char *bytes, size_t length)
{
	size_t		size = 0;

	for (size_t i = 0; i < length; i++)
		size += is_plain_in_q(bytes[i]) || bytes[i] == ' ' ? 1 : 3;
	return size;
}

static size_t
size_in_b(size_t length)
{
	return (length + 2) / 3 * 4;
}

static size_t
write_q(const char *bytes, size_t length, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	char	   *at = out;

	for (size_t i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) bytes[i];

		if (is_plain_in_q(bytes[i]))
			*at++ = bytes[i];
		else if (byte == ' ')
			*at++ = '_';
		else
		{
			*at++ = '=';
			*at++ = hex[byte >> 4];
			*at++ = hex[byte & 15];
		}
	}
	return (size_t) (at - out);
}

static size_t
write_b(const char *bytes, size_t length, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *) bytes;
	char	   *at = out;

	for (size_t i = 0; i < length; i += 3)
	{
		size_t		left = length - i;
		unsigned int bits = (unsigned int) in[i] << 16;

		if (left > 1)
			bits |= (unsigned int) in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*at++ = digits[bits >> 18];
		*at++ = digits[bits >> 12 & 63];
		*at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*at++ = left > 2 ? digits[bits & 63] : '=';
	}
	return (size_t) (at - out);
}

/* How many bytes of whole characters fit into room characters of Q or B. */
static size_t
fitting_bytes(const char *text, size_t length, size_t room, bool in_q)
{
	size_t		taken = 0;
	size_t		used = 0;

	while (taken < length)
	{
		size_t		size = respond_mail_text_utf8_size(text + taken, length - taken);

		if (size == 0)
			size = 1;			/* not UTF-8 against the rules: no reason to hang */
		if (in_q)
			used += size_in_q(text + taken, size);
		else
			used = size_in_b(taken + size);
		if (used > room)
			break;
		taken += size;
	}
	return taken;
}

void
respond_mail_line_put_encoded(MailLine *line, const char *text, size_t length)
{
	bool		in_q = size_in_q(text, length) <= size_in_b(length);

	while (length > 0)
	{
		char		word[WORD_LONGEST];
		size_t		size = WORD_OVERHEAD - strlen(WORD_END);
		size_t		room;
		size_t		taken;

		if (line->column + 1 + WORD_SHORTEST > LINE_LONGEST)
			respond_mail_line_break(line);
		room = LINE_LONGEST - line->column - 1;
		taken = fitting_bytes(text, length, room - WORD_OVERHEAD, in_q);
		memcpy(word, in_q ? WORD_PREFIX_Q : WORD_PREFIX_B, size);
		size += in_q ? write_q(text, taken, word + size) : write_b(text, taken, word + size);
		memcpy(word + size, WORD_END, strlen(WORD_END));
		size += strlen(WORD_END);
		respond_mail_line_put_piece(line, word, size);
		text += taken;
		length -= taken;
	}
}
