/*-------------------------------------------------------------------------
 * mail_decode.c
 *	  A small reader of mail headers, for tests; shares nothing with the writer.
 *
 * test/unit/mail_decode.c
 *-------------------------------------------------------------------------
 */
#include "mail_decode.h"

#include <stdlib.h>
#include <string.h>

static int
hex_digit(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int) (at - digits);
}

static char *
decode_q(const char *text, const char *end, char *out)
{
	for (; text < end; text++)
	{
		if (*text == '_')
			*out++ = ' ';
		else if (*text == '=' && end - text > 2)
		{
			*out++ = (char) (hex_digit(text[1]) * 16 + hex_digit(text[2]));
			text += 2;
		}
		else
			*out++ = *text;
	}
	return out;
}

static char *
decode_b(const char *text, const char *end, char *out)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned	bits = 0;
	int			count = 0;

	for (; text < end && *text != '='; text++)
	{
		bits = (bits << 6 | (unsigned) (strchr(digits, *text) - digits)) & 0xFFFFFF;
		count += 6;
		if (count >= 8)
		{
			count -= 8;
			*out++ = (char) (bits >> count & 0xFF);
		}
	}
	return out;
}

/* The end of the encoded word at text, or NULL when none begins there. */
static const char *
word_end(const char *text)
{
	const char *end;

	if (strncmp(text, "=?UTF-8?Q?", 10) != 0 && strncmp(text, "=?UTF-8?B?", 10) != 0)
		return NULL;
	end = strstr(text + 10, "?=");
	return end == NULL || memchr(text, ' ', (size_t) (end - text)) != NULL ? NULL : end + 2;
}

/* Decodes encoded words in place; white space between two of them goes. */
static void
decode_words(char *text)
{
	const char *in = text;
	char	   *out = text;
	bool		behind_word = false;

	while (*in != '\0')
	{
		const char *start = in + strspn(in, " ");
		const char *end = word_end(start);

		if (end == NULL || (start != in && !behind_word))
		{
			behind_word = false;
			*out++ = *in++;
			continue;
		}
		out = start[8] == 'Q' ? decode_q(start + 10, end - 2, out) : decode_b(start + 10, end - 2, out);
		in = end;
		behind_word = true;
	}
	*out = '\0';
}

/* The value of a header in one line: line breaks vanish, the space behind stays. */
static char *
unfold(const char *header)
{
	const char *in = strchr(header, ':') + 1;
	char	   *value = malloc(strlen(in) + 1);
	char	   *out = value;

	if (strncmp(in, "\r\n", 2) == 0)
		in += 2;
	if (*in == ' ')
		in++;
	for (; *in != '\0'; in++)
	{
		if (*in != '\r' && *in != '\n')
			*out++ = *in;
	}
	*out = '\0';
	return value;
}

char *
mail_decode_text(const char *header)
{
	char	   *value = unfold(header);

	decode_words(value);
	return value;
}

/* Where the mailbox at text ends: at a comma outside of quotes, or the end. */
static char *
mailbox_end(char *text)
{
	bool		quoted = false;

	for (; *text != '\0' && (quoted || *text != ','); text++)
	{
		if (quoted && *text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
	}
	return text;
}

/* Appends "name|address\n" of one mailbox, which is changed. */
static char *
decode_mailbox(char *mailbox, char *out)
{
	char	   *open = strrchr(mailbox, '<');
	size_t		length;

	if (open != NULL)
	{
		char	   *name_end = open;

		while (name_end > mailbox && name_end[-1] == ' ')
			name_end--;
		*name_end = '\0';
		if (*mailbox != '"')
			decode_words(mailbox);
		else
		{
			char	   *to = mailbox;

			for (char *from = mailbox + 1; *from != '\0' && *from != '"'; from++)
			{
				if (*from == '\\')
					from++;
				*to++ = *from;
			}
			*to = '\0';
		}
		out = strcpy(out, mailbox) + strlen(mailbox);
		mailbox = open + 1;
		mailbox[strcspn(mailbox, ">")] = '\0';
	}
	*out++ = '|';
	length = strlen(mailbox);
	memmove(out, mailbox, length);
	out[length] = '\n';
	return out + length + 1;
}

char *
mail_decode_addresses(const char *header)
{
	char	   *value = unfold(header);
	char	   *list = malloc(2 * strlen(value) + 16);
	char	   *out = list;
	char	   *at = value;

	for (;;)
	{
		char	   *end = mailbox_end(at);
		bool		last = *end == '\0';

		*end = '\0';
		at += strspn(at, " ");
		out = decode_mailbox(at, out);
		if (last)
			break;
		at = end + 1;
	}
	*out = '\0';
	free(value);
	return list;
}

/* Each encoded word must hold whole characters of UTF-8. */
static const char *
find_word_fault(const char *word, const char *end)
{
	char		decoded[80];
	char	   *stop;

	if (end - word > 75)
		return "an encoded word of more than 75 characters";
	stop = word[8] == 'Q' ? decode_q(word + 10, end - 2, decoded) : decode_b(word + 10, end - 2, decoded);
	if (stop == decoded)
		return "an empty encoded word";
	if ((decoded[0] & 0xC0) == 0x80)
		return "an encoded word that begins within a character";
	for (int back = 1; back <= 4 && stop - back >= decoded; back++)
	{
		unsigned char byte = (unsigned char) stop[-back];

		if ((byte & 0xC0) == 0x80)
			continue;
		if (back != (byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4))
			return "an encoded word that ends within a character";
		break;
	}
	return NULL;
}

const char *
mail_find_fault(const char *header, size_t longest)
{
	const char *line = header;

	for (const char *at = header;; at++)
	{
		const char *end = word_end(at);
		const char *fault = end == NULL ? NULL : find_word_fault(at, end);

		if (fault != NULL)
			return fault;
		if ((size_t) (at - line) > longest)
			return "a line that is too long";
		if (*at == '\0')
			return line[strspn(line, " ")] == '\0' && line != header ? "a line of white space" : NULL;
		if (at[0] == '\r' && at[1] == '\n' && at[2] == ' ')
		{
			if (line[strspn(line, " ")] == '\r')
				return "a line of white space";
			at += 2;
			line = at;
		}
		else if ((unsigned char) *at < 0x20 || *at == 0x7F)
			return "a control character";
	}
}
