/*-------------------------------------------------------------------------
 * sse_text.c
 *	  Server-Sent Events, as the HTML standard has them.
 *
 * src/stream/sse_text.c
 *-------------------------------------------------------------------------
 */
#include "stream/sse_text.h"

#include "common/utf8_character.h"

void
respond_sse_field(JsonText *text, const char *name, const char *value)
{
	respond_json_text_put(text, name);
	respond_json_text_put(text, ": ");
	respond_json_text_put(text, value);
	respond_json_text_put(text, "\n");
}

/* How many bytes from start on are characters within one line. */
static size_t
line_length(const char *bytes, size_t length)
{
	size_t		at = 0;

	while (at < length && bytes[at] != '\n' && bytes[at] != '\r')
	{
		size_t		character = respond_utf8_character(bytes + at, length - at);

		if (character == 0)
			break;
		at += character;
	}
	return at;
}

void
respond_sse_data(JsonText *text, const char *bytes, size_t length)
{
	size_t		at = 0;

	respond_json_text_put(text, "data: ");
	while (at < length)
	{
		size_t		line = line_length(bytes + at, length - at);

		respond_json_text_raw(text, bytes + at, line);
		at += line;
		if (at == length)
			break;
		if (bytes[at] != '\n' && bytes[at] != '\r')
			respond_json_text_put(text, UTF8_REPLACEMENT);
		else
			respond_json_text_put(text, "\ndata: ");
		/* CR LF is one break */
		at += bytes[at] == '\r' && at + 1 < length && bytes[at + 1] == '\n' ? 2 : 1;
	}
	respond_json_text_put(text, "\n");
}

void
respond_sse_comment(JsonText *text)
{
	respond_json_text_put(text, ":\n");
}

void
respond_sse_end(JsonText *text)
{
	respond_json_text_put(text, "\n");
}
