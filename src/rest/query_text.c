/*-------------------------------------------------------------------------
 * query_text.c
 *	  Parameters of a query, and percent-encoding.
 *
 * src/rest/query_text.c
 *-------------------------------------------------------------------------
 */
#include "rest/query_text.h"

#include <string.h>

#include "wire/bytes_read.h"

/* The byte that %XX stands for; 0: none, or a NUL. */
static int
decode_byte(const char *bytes, size_t left)
{
	int			high = left > 2 ? respond_hex_digit(bytes[1]) : -1;
	int			low = left > 2 ? respond_hex_digit(bytes[2]) : -1;

	return high < 0 || low < 0 ? 0 : high * 16 + low;
}

char *
respond_percent_decode(Arena *arena, const char *bytes, size_t length, bool plus)
{
	char	   *text = respond_arena_alloc(arena, length + 1);
	char	   *end = text;

	for (size_t i = 0; i < length; i++)
	{
		int			byte = (unsigned char) bytes[i];

		if (byte == '%')
		{
			byte = decode_byte(bytes + i, length - i);
			i += 2;
		}
		else if (byte == '+' && plus)
			byte = ' ';
		if (byte == 0)
			return NULL;
		*end++ = (char) byte;
	}
	*end = '\0';
	return text;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("-._~", c) != NULL);
}

char *
respond_percent_encode(Arena *arena, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char	   *encoded = respond_arena_alloc(arena, strlen(text) * 3 + 1);
	char	   *end = encoded;

	for (; *text != '\0'; text++)
	{
		if (is_unreserved(*text))
		{
			*end++ = *text;
			continue;
		}
		*end++ = '%';
		*end++ = digits[(unsigned char) *text >> 4];
		*end++ = digits[(unsigned char) *text & 0x0f];
	}
	*end = '\0';
	return encoded;
}

/* Reads "name=value"; NULL or why it is none. */
static const char *
read_parameter(Arena *arena, const char *bytes, size_t length, WebQuery *query)
{
	const char *equals = memchr(bytes, '=', length);
	size_t		name_length = equals != NULL ? (size_t) (equals - bytes) : length;
	size_t		value_length = equals != NULL ? length - name_length - 1 : 0;
	WebParameter *parameter = &query->parameters[query->count];

	if (query->count == QUERY_MAX_PARAMETERS)
		return "has too many parameters";
	parameter->name = respond_percent_decode(arena, bytes, name_length, true);
	parameter->value = respond_percent_decode(arena, equals != NULL ? equals + 1 : "", value_length, true);
	if (parameter->name == NULL || parameter->value == NULL)
		return "holds a % that begins no byte";
	if (respond_query_value(query, parameter->name) != NULL)
		return "has a parameter twice";
	query->count++;
	return NULL;
}

const char *
respond_query_read(Arena *arena, const char *text, WebQuery *query)
{
	const char *fault = NULL;

	query->count = 0;
	if (text == NULL)
		return NULL;
	while (*text != '\0' && fault == NULL)
	{
		size_t		length = strcspn(text, "&");

		if (length > 0)
			fault = read_parameter(arena, text, length, query);
		text += length + (text[length] == '&');
	}
	return fault;
}

const char *
respond_query_value(const WebQuery *query, const char *name)
{
	for (int i = 0; i < query->count; i++)
		if (strcmp(query->parameters[i].name, name) == 0)
			return query->parameters[i].value;
	return NULL;
}
