/*-------------------------------------------------------------------------
 * cloud_event_value.c
 *	  Texts as values of CloudEvents' attributes.
 *
 * A source is whatever its producer says, by default the name of the database,
 * which may have spaces and umlauts in it.  Receivers check that it is a
 * URI-reference, and refuse the event when it is none.
 *
 * src/common/cloud_event_value.c
 *-------------------------------------------------------------------------
 */
#include "common/cloud_event_value.h"

#include <stdbool.h>
#include <string.h>

/* Where the next bytes are written, and how many were. */
typedef struct Writer
{
	char	   *out;
	size_t		length;
} Writer;

#define SUB_DELIMS	"!$&'()*+,;="

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
is_unreserved(char c)
{
	return is_letter(c) || is_digit(c) || is_one_of(c, "-._~");
}

static void
put(Writer *writer, char c)
{
	writer->out[writer->length++] = c;
}

static void
put_encoded(Writer *writer, char c)
{
	static const char hex[] = "0123456789ABCDEF";

	put(writer, '%');
	put(writer, hex[(unsigned char) c >> 4]);
	put(writer, hex[(unsigned char) c & 15]);
}

/* Bytes that are unreserved, in SUB_DELIMS or in also stay; so do percent-encoded ones. */
static void
put_part(Writer *writer, const char *text, size_t length, const char *also)
{
	for (size_t i = 0; i < length; i++)
	{
		char		c = text[i];

		if (is_unreserved(c) || is_one_of(c, SUB_DELIMS) || is_one_of(c, also) ||
			(c == '%' && i + 2 < length && is_hex(text[i + 1]) && is_hex(text[i + 2])))
			put(writer, c);
		else
			put_encoded(writer, c);
	}
}

static size_t
find_any(const char *text, size_t length, const char *set)
{
	size_t		i = 0;

	while (i < length && !is_one_of(text[i], set))
		i++;
	return i;
}

/* Bytes of "scheme:", 0 if the text does not begin with one. */
static size_t
scheme_length(const char *text, size_t length)
{
	size_t		end = find_any(text, length, ":/?#");

	if (end == length || text[end] != ':' || end == 0 || !is_letter(text[0]))
		return 0;
	for (size_t i = 1; i < end; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) && !is_one_of(text[i], "+-."))
			return 0;
	return end + 1;
}

/* Where the port of a host begins, with its colon; length when there is none. */
static size_t
port_start(const char *text, size_t length)
{
	size_t		start = length;

	while (start > 0 && is_digit(text[start - 1]))
		start--;
	return start > 0 && text[start - 1] == ':' ? start - 1 : length;
}

/* An address in brackets. */
static bool
is_ip_literal(const char *text, size_t length)
{
	if (length < 4 || text[0] != '[' || text[length - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < length; i++)
		if (!is_hex(text[i]) && text[i] != ':' && text[i] != '.')
			return false;
	return true;
}

static void
put_authority(Writer *writer, const char *text, size_t length)
{
	size_t		at = length;
	size_t		port;

	while (at > 0 && text[at - 1] != '@')
		at--;
	if (at > 0)
	{
		put_part(writer, text, at - 1, ":");
		put(writer, '@');
	}
	text += at;
	length -= at;
	port = port_start(text, length);
	if (is_ip_literal(text, port))
		for (size_t i = 0; i < port; i++)
			put(writer, text[i]);
	else
		put_part(writer, text, port, "");
	for (size_t i = port; i < length; i++)
		put(writer, text[i]);
}

size_t
respond_uri_reference(const char *text, size_t length, char *out)
{
	Writer		writer = {out, 0};
	const char *end = text + length;
	size_t		scheme = scheme_length(text, length);
	size_t		part;

	for (size_t i = 0; i < scheme; i++)
		put(&writer, text[i]);
	text += scheme;
	if (end - text >= 2 && text[0] == '/' && text[1] == '/')
	{
		put(&writer, '/');
		put(&writer, '/');
		text += 2;
		part = find_any(text, (size_t) (end - text), "/?#");
		put_authority(&writer, text, part);
		text += part;
	}
	else if (scheme == 0)
	{
		/* a colon in the first segment would end a scheme */
		part = find_any(text, (size_t) (end - text), "/?#");
		put_part(&writer, text, part, "@");
		text += part;
	}
	part = find_any(text, (size_t) (end - text), "?#");
	put_part(&writer, text, part, ":@/");
	text += part;
	if (text < end && *text == '?')
	{
		put(&writer, *text++);
		part = find_any(text, (size_t) (end - text), "#");
		put_part(&writer, text, part, ":@/?");
		text += part;
	}
	if (text < end)
	{
		put(&writer, *text++);
		put_part(&writer, text, (size_t) (end - text), ":@/?");
	}
	out[writer.length] = '\0';
	return writer.length;
}

/* Bytes of a character at text that no String may hold, or 0. */
static size_t
forbidden_length(const unsigned char *text, size_t length)
{
	if (text[0] < 0x20 || text[0] == 0x7F)
		return 1;
	/* U+0080 to U+009F */
	if (length >= 2 && text[0] == 0xC2 && text[1] >= 0x80 && text[1] <= 0x9F)
		return 2;
	/* U+FDD0 to U+FDEF, U+FFFE, U+FFFF */
	if (length >= 3 && text[0] == 0xEF &&
		((text[1] == 0xB7 && text[2] >= 0x90 && text[2] <= 0xAF) || (text[1] == 0xBF && text[2] >= 0xBE)))
		return 3;
	/* the last two of each plane */
	if (length >= 4 && text[0] >= 0xF0 && (text[1] & 0x0F) == 0x0F && text[2] == 0xBF && text[3] >= 0xBE)
		return 4;
	return 0;
}

size_t
respond_cloud_event_string(const char *text, size_t length, char *out)
{
	Writer		writer = {out, 0};
	size_t		i = 0;

	while (i < length)
	{
		size_t		forbidden = forbidden_length((const unsigned char *) text + i, length - i);

		if (forbidden == 0)
			put(&writer, text[i++]);
		for (size_t n = 0; n < forbidden; n++)
			put_encoded(&writer, text[i++]);
	}
	out[writer.length] = '\0';
	return writer.length;
}
