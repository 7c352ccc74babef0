/*-------------------------------------------------------------------------
 * json_soften.c
 *	  JSON that is legal, in a form that jsonb can hold.
 *
 * src/inbound/json_soften.c
 *-------------------------------------------------------------------------
 */
#include "inbound/json_soften.h"

#include <string.h>

#include "wire/bytes_read.h"

#define ESCAPE_LENGTH	6		/* of \uXXXX */
#define REPLACEMENT		0xFFFD

/* The number of an escape \uXXXX; -1: there is none here. */
static int
read_escape(const char *text, const char *end)
{
	int			number = 0;

	if (end - text < ESCAPE_LENGTH || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < ESCAPE_LENGTH; i++)
	{
		int			digit = respond_hex_digit(text[i]);

		if (digit < 0)
			return -1;
		number = number << 4 | digit;
	}
	return number;
}

static bool
is_high(int number)
{
	return number >= 0xD800 && number <= 0xDBFF;
}

static bool
is_low(int number)
{
	return number >= 0xDC00 && number <= 0xDFFF;
}

static char *
write_utf8(char *at, unsigned int number)
{
	if (number >= 0x10000)
	{
		*at++ = (char) (0xF0 | number >> 18);
		*at++ = (char) (0x80 | (number >> 12 & 0x3F));
	}
	else if (number >= 0x800)
		*at++ = (char) (0xE0 | number >> 12);
	if (number >= 0x800)
		*at++ = (char) (0x80 | (number >> 6 & 0x3F));
	else
		*at++ = (char) (0xC0 | number >> 6);
	*at++ = (char) (0x80 | (number & 0x3F));
	return at;
}

/* Writes one escape, or a pair, that begins at text; returns where it ends. */
static const char *
soften_escape(const char *text, const char *end, bool decode, char **to)
{
	int			number = read_escape(text, end);
	int			next = read_escape(text + ESCAPE_LENGTH, end);
	size_t		length = ESCAPE_LENGTH;
	unsigned int character = (unsigned int) number;

	if (is_high(number) && is_low(next))
	{
		length += ESCAPE_LENGTH;
		character = 0x10000 + ((unsigned int) (number - 0xD800) << 10) + (unsigned int) (next - 0xDC00);
	}
	else if (number == 0 || is_high(number) || is_low(number))
		character = REPLACEMENT;
	if (character == REPLACEMENT || (decode && character >= 0x80))
		*to = write_utf8(*to, character);
	else
	{
		memcpy(*to, text, length);
		*to += length;
	}
	return text + length;
}

const char *
respond_json_soften(Arena *arena, const char *text, size_t *length, bool decode)
{
	const char *end = text + *length;
	char	   *softened;
	char	   *to;

	/* An escape is longer than any character in UTF-8, so nothing grows. */
	if (memchr(text, '\\', *length) == NULL)
		return text;
	softened = to = respond_arena_alloc(arena, *length + 1);
	while (text < end)
	{
		if (read_escape(text, end) >= 0)
			text = soften_escape(text, end, decode, &to);
		else
		{
			if (*text == '\\' && end - text > 1)
				*to++ = *text++;
			*to++ = *text++;
		}
	}
	*to = '\0';
	*length = (size_t) (to - softened);
	return softened;
}
