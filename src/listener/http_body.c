/*-------------------------------------------------------------------------
 * http_body.c
 *	  The body of an HTTP request: where it ends, and its bytes without their framing.
 *
 * src/listener/http_body.c
 *-------------------------------------------------------------------------
 */
#include "listener/http_body.h"

#include <string.h>

#include "wire/bytes_read.h"
#include "wire/http_token.h"

void
respond_http_body_begin(HttpBody *body, const HttpHead *head, uint64_t limit)
{
	memset(body, 0, offsetof(HttpBody, kept));
	body->limit = limit;
	body->chunked = head->framing == HTTP_CHUNKED;
	body->left = head->framing == HTTP_LENGTH ? head->body_length : 0;
	body->state = body->chunked ? HTTP_BODY_SIZE : body->left > 0 ? HTTP_BODY_DATA : HTTP_BODY_WHOLE;
}

static bool
take_size(HttpBody *body, unsigned char byte, const char **reason)
{
	int			digit = respond_hex_digit(byte);

	*reason = "the size of a chunk is not understood";
	if (digit >= 0)
	{
		body->left = body->left * 16 + digit;
		return ++body->digits <= HTTP_MAX_CHUNK_DIGITS;
	}
	if (body->digits == 0)
		return false;
	if (byte != ';' && byte != '\r')
		return false;
	body->extras = 0;
	body->state = byte == ';' ? HTTP_BODY_EXTENSION : HTTP_BODY_SIZE_END;
	return true;
}

/* The length of a token at the beginning of the bytes. */
static size_t
token_length(const char *bytes, size_t length)
{
	size_t		at = 0;

	while (at < length && respond_http_is_token(bytes[at]))
		at++;
	return at;
}

/* The same of a text in quotes, without escapes in it; 0: it is none. */
static size_t
quoted_length(const char *bytes, size_t length)
{
	const char *end = length > 0 && bytes[0] == '"' ? memchr(bytes + 1, '"', length - 1) : NULL;

	return end == NULL || memchr(bytes, '\\', end - bytes) != NULL ? 0 : end - bytes + 1;
}

/*
 * Whether the bytes are extensions of a chunk: name, or name=value, with
 * semicolons between them.  They are for the sender's next hop only and nobody here knows
 * any, but what does not look like one may be half of something else.
 */
static bool
is_extension(const char *bytes, size_t length)
{
	for (;;)
	{
		size_t		part = token_length(bytes, length);

		if (part == 0)
			return false;
		if (part < length && bytes[part] == '=')
		{
			size_t		value;

			part++;
			value = token_length(bytes + part, length - part);
			if (value == 0)
				value = quoted_length(bytes + part, length - part);
			if (value == 0)
				return false;
			part += value;
		}
		if (part == length)
			return true;
		if (bytes[part] != ';')
			return false;
		bytes += part + 1;
		length -= part + 1;
	}
}

static bool
take_extension(HttpBody *body, unsigned char byte, const char **reason)
{
	*reason = "the extension of a chunk is not understood";
	if (byte == '\r')
	{
		body->state = HTTP_BODY_SIZE_END;
		return is_extension(body->kept, body->extras);
	}
	if ((byte != '\t' && byte < 0x20) || byte == 0x7f || body->extras == HTTP_MAX_EXTENSION)
		return false;
	body->kept[body->extras++] = byte;
	return true;
}

/* The line feed behind a size; behind the last chunk come trailer fields. */
static bool
take_size_end(HttpBody *body, unsigned char byte, const char **reason)
{
	*reason = "a carriage return without a line feed";
	body->state = body->left > 0 ? HTTP_BODY_DATA : HTTP_BODY_TRAILER;
	body->digits = 0;
	body->extras = 0;
	body->line = 0;
	return byte == '\n';
}

/* Trailer fields are checked like fields of the head, and dropped. */
static bool
take_trailer(HttpBody *body, unsigned char byte, const char **reason)
{
	*reason = "a trailer field is not understood";
	if (byte == '\r')
	{
		body->state = HTTP_BODY_TRAILER_END;
		return true;
	}
	if ((byte != '\t' && byte < 0x20) || ++body->extras > HTTP_MAX_TRAILER)
		return false;
	body->kept[body->line++] = byte;
	return true;
}

static bool
take_trailer_end(HttpBody *body, unsigned char byte, const char **reason)
{
	*reason = "a trailer field is not understood";
	if (byte != '\n')
		return false;
	if (body->line == 0)
	{
		body->state = HTTP_BODY_WHOLE;
		return true;
	}
	body->state = HTTP_BODY_TRAILER;
	if (!respond_http_is_field_line(body->kept, body->line))
		return false;
	body->line = 0;
	return true;
}

static bool
take_framing(HttpBody *body, unsigned char byte, const char **reason)
{
	switch (body->state)
	{
		case HTTP_BODY_SIZE:
			return take_size(body, byte, reason);
		case HTTP_BODY_EXTENSION:
			return take_extension(body, byte, reason);
		case HTTP_BODY_SIZE_END:
			return take_size_end(body, byte, reason);
		case HTTP_BODY_DATA_RETURN:
			*reason = "a chunk is longer than its size";
			body->state = HTTP_BODY_DATA_END;
			return byte == '\r';
		case HTTP_BODY_DATA_END:
			*reason = "a carriage return without a line feed";
			body->state = HTTP_BODY_SIZE;
			return byte == '\n';
		case HTTP_BODY_TRAILER:
			return take_trailer(body, byte, reason);
		case HTTP_BODY_TRAILER_END:
			return take_trailer_end(body, byte, reason);
		case HTTP_BODY_DATA:
		case HTTP_BODY_WHOLE:
			break;
	}
	*reason = "the body is not understood";
	return false;
}

HttpBodyVerdict
respond_http_body_take(HttpBody *body, char *bytes, size_t length, size_t *used, size_t *data, const char **reason)
{
	*used = 0;
	*data = 0;
	for (;;)
	{
		size_t		part;

		if (body->state == HTTP_BODY_WHOLE)
			return HTTP_BODY_DONE;
		if (body->state == HTTP_BODY_DATA && body->left > body->limit)
			return HTTP_BODY_TOO_LARGE;
		if (*used == length)
			return HTTP_BODY_MORE;
		if (body->state != HTTP_BODY_DATA)
		{
			if (!take_framing(body, bytes[(*used)++], reason))
				return HTTP_BODY_REFUSED;
			continue;
		}
		part = length - *used < body->left ? length - *used : (size_t) body->left;
		memmove(bytes + *data, bytes + *used, part);
		*data += part;
		*used += part;
		body->left -= part;
		body->limit -= part;
		if (body->left == 0)
			body->state = body->chunked ? HTTP_BODY_DATA_RETURN : HTTP_BODY_WHOLE;
	}
}
