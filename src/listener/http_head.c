/*-------------------------------------------------------------------------
 * http_head.c
 *	  The head of an HTTP request: read strictly, or refused.
 *
 * src/listener/http_head.c
 *-------------------------------------------------------------------------
 */
#include "listener/http_head.h"

#include <string.h>

#include "wire/ascii_case.h"
#include "wire/http_token.h"

/* Digits of a length that no 64 bits are exceeded by. */
#define MAX_LENGTH_DIGITS	18

#define MAX_HOST			255

static HttpVerdict
refuse(HttpRefusal *refusal, int status, const char *reason)
{
	refusal->status = status;
	refusal->reason = reason;
	return HTTP_REFUSED;
}

static bool
is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_letter(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* RFC 9110 section 5.5; bytes from 0x80 on are legal, and mean nothing to us. */
static bool
is_value(unsigned char byte)
{
	return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool
respond_http_text_is(HttpText text, const char *lower_case)
{
	if (strlen(lower_case) != text.length)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (respond_ascii_lower(text.bytes[i]) != lower_case[i])
			return false;
	return true;
}

static HttpText
trim(const char *bytes, size_t length)
{
	while (length > 0 && (bytes[0] == ' ' || bytes[0] == '\t'))
		bytes++, length--;
	while (length > 0 && (bytes[length - 1] == ' ' || bytes[length - 1] == '\t'))
		length--;
	return (HttpText) {bytes, length};
}

/*
 * Looks at bytes that were not looked at before, up to the empty line that ends
 * the head.  Each line feed must follow a carriage return and each carriage return be
 * followed by a line feed, so the lines that are read later have one meaning.
 */
static HttpVerdict
find_end(HttpHeadScan *scan, const char *bytes, size_t length, size_t *used, HttpRefusal *refusal)
{
	size_t		end = length < HTTP_MAX_HEAD ? length : HTTP_MAX_HEAD;

	for (; scan->scanned < end; scan->scanned++)
	{
		size_t		at = scan->scanned;
		unsigned char byte = bytes[at];
		bool		after_return = at > 0 && bytes[at - 1] == '\r';

		if ((byte == '\n') != after_return)
			return refuse(refusal, 400, byte == '\n' ? "a line feed without a carriage return" :
						  "a carriage return without a line feed");
		if (byte == '\n' && at == scan->start + 1)
		{
			/* A sender may have put an empty line behind the request before: RFC 9112 section 2.2. */
			if (scan->start > 0)
				return refuse(refusal, 400, "empty lines before the request line");
			scan->start = 2;
		}
		else if (byte == '\n' && at >= scan->start + 3 && bytes[at - 2] == '\n')
		{
			*used = at + 1;
			return HTTP_WHOLE;
		}
		else if (byte != '\r' && byte != '\n' && !is_value(byte))
			return refuse(refusal, 400, "a control character");
	}
	if (length >= HTTP_MAX_HEAD)
		return refuse(refusal, memchr(bytes, '\n', HTTP_MAX_HEAD) == NULL ? 414 : 431, "the head is too large");
	return HTTP_MORE;
}

/* The authority of a target and of Host: a name or an address, and a port. */
static bool
is_authority(HttpText text)
{
	if (text.length == 0 || text.length > MAX_HOST)
		return false;
	for (size_t i = 0; i < text.length; i++)
	{
		unsigned char byte = text.bytes[i];

		if (!is_digit(byte) && !is_letter(byte) && (byte == '\0' || strchr("-._~:[]", byte) == NULL))
			return false;
	}
	return true;
}

static bool
same_text(HttpText a, HttpText b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (respond_ascii_lower(a.bytes[i]) != respond_ascii_lower(b.bytes[i]))
			return false;
	return true;
}

/* Splits the target; *authority is that of a target in absolute form. */
static HttpVerdict
read_target(HttpHead *head, HttpText *authority, HttpRefusal *refusal)
{
	HttpText	rest = head->target;
	const char *question;

	*authority = (HttpText) {NULL, 0};
	if (rest.length == 0)
		return refuse(refusal, 400, "no request target");
	if (rest.length > HTTP_MAX_TARGET)
		return refuse(refusal, 414, "the request target is too long");
	for (size_t i = 0; i < rest.length; i++)
		if ((unsigned char) rest.bytes[i] <= ' ' || (unsigned char) rest.bytes[i] >= 0x7f || rest.bytes[i] == '#')
			return refuse(refusal, 400, "a character in the request target that does not belong there");
	if (rest.length == 1 && rest.bytes[0] == '*' && respond_http_text_is(head->method, "options"))
	{
		head->path = rest;
		return HTTP_WHOLE;
	}
	for (int i = 0; i < 2 && rest.bytes[0] != '/'; i++)
	{
		const char *scheme = i == 0 ? "http://" : "https://";
		size_t		length = strlen(scheme);

		if (rest.length > length && respond_http_text_is((HttpText) {rest.bytes, length}, scheme))
		{
			const char *slash = memchr(rest.bytes + length, '/', rest.length - length);

			authority->bytes = rest.bytes + length;
			authority->length = (slash == NULL ? rest.bytes + rest.length : slash) - authority->bytes;
			if (slash == NULL || !is_authority(*authority))
				return refuse(refusal, 400, "a request target that is not understood");
			rest.length -= slash - rest.bytes;
			rest.bytes = slash;
		}
	}
	if (rest.bytes[0] != '/')
		return refuse(refusal, 400, "a request target that is not understood");
	question = memchr(rest.bytes, '?', rest.length);
	head->path = rest;
	head->query = (HttpText) {NULL, 0};
	if (question != NULL)
	{
		head->path.length = question - rest.bytes;
		head->query = (HttpText) {question + 1, rest.length - head->path.length - 1};
	}
	return HTTP_WHOLE;
}

/* METHOD SP TARGET SP HTTP/1.1, with single spaces. */
static HttpVerdict
read_request_line(HttpHead *head, const char *line, size_t length, HttpText *authority, HttpRefusal *refusal)
{
	const char *first = memchr(line, ' ', length);
	const char *end = line + length;
	const char *last = end;
	HttpText	version;

	if (first == NULL)
		return refuse(refusal, 400, "a request line that is not understood");
	while (last > first && last[-1] != ' ')
		last--;
	head->method = (HttpText) {line, first - line};
	if (head->method.length == 0 || head->method.length > HTTP_MAX_METHOD)
		return refuse(refusal, 400, "a method that is not understood");
	for (size_t i = 0; i < head->method.length; i++)
		if (!respond_http_is_token(line[i]))
			return refuse(refusal, 400, "a method that is not understood");
	if (last - 1 <= first)
		return refuse(refusal, 400, "a request line that is not understood");
	head->target = (HttpText) {first + 1, last - 1 - (first + 1)};
	version = (HttpText) {last, end - last};
	if (version.length != 8 || memcmp(version.bytes, "HTTP/", 5) != 0 || !is_digit(version.bytes[5]) ||
		version.bytes[6] != '.' || !is_digit(version.bytes[7]))
		return refuse(refusal, 400, "a request line that is not understood");
	if (version.bytes[5] != '1' || version.bytes[7] > '1')
		return refuse(refusal, 505, "a version of HTTP that is not supported");
	head->minor = version.bytes[7] - '0';
	return read_target(head, authority, refusal);
}

bool
respond_http_is_field_line(const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);

	if (colon == NULL || colon == line)
		return false;
	for (const char *at = line; at < colon; at++)
		if (!respond_http_is_token(*at))
			return false;
	for (const char *at = colon + 1; at < line + length; at++)
		if (!is_value(*at))
			return false;
	return true;
}

static HttpVerdict
read_field(HttpHead *head, const char *line, size_t length, HttpRefusal *refusal)
{
	const char *colon = memchr(line, ':', length);
	HttpField  *field;

	if (line[0] == ' ' || line[0] == '\t')
		return refuse(refusal, 400, "a header field that is folded");
	if (!respond_http_is_field_line(line, length))
		return refuse(refusal, 400, "a header field that is not understood");
	if (head->field_count == HTTP_MAX_FIELDS)
		return refuse(refusal, 431, "too many header fields");
	field = &head->fields[head->field_count++];
	field->name = (HttpText) {line, colon - line};
	field->value = trim(colon + 1, line + length - (colon + 1));
	return HTTP_WHOLE;
}

static HttpVerdict
read_length(HttpHead *head, HttpText value, HttpRefusal *refusal)
{
	if (head->framing == HTTP_LENGTH)
		return refuse(refusal, 400, "two Content-Lengths");
	if (head->framing == HTTP_CHUNKED)
		return refuse(refusal, 400, "Content-Length beside Transfer-Encoding");
	if (value.length == 0 || value.length > MAX_LENGTH_DIGITS)
		return refuse(refusal, 400, "a Content-Length that is not understood");
	head->framing = HTTP_LENGTH;
	head->body_length = 0;
	for (size_t i = 0; i < value.length; i++)
	{
		if (!is_digit(value.bytes[i]))
			return refuse(refusal, 400, "a Content-Length that is not understood");
		head->body_length = head->body_length * 10 + (value.bytes[i] - '0');
	}
	return HTTP_WHOLE;
}

static HttpVerdict
read_coding(HttpHead *head, HttpText value, HttpRefusal *refusal)
{
	if (head->framing == HTTP_LENGTH)
		return refuse(refusal, 400, "Content-Length beside Transfer-Encoding");
	if (head->framing == HTTP_CHUNKED)
		return refuse(refusal, 400, "two Transfer-Encodings");
	if (head->minor == 0)
		return refuse(refusal, 400, "Transfer-Encoding in HTTP/1.0");
	if (!respond_http_text_is(value, "chunked"))
		return refuse(refusal, 400, "a Transfer-Encoding that is not supported");
	head->framing = HTTP_CHUNKED;
	return HTTP_WHOLE;
}

static HttpVerdict
read_host(HttpHead *head, HttpText value, HttpRefusal *refusal)
{
	if (head->host.bytes != NULL)
		return refuse(refusal, 400, "two Hosts");
	if (!is_authority(value))
		return refuse(refusal, 400, "a Host that is not understood");
	head->host = value;
	return HTTP_WHOLE;
}

/* A list of words; we know "close" and "keep-alive". */
static void
read_connection(HttpText value, bool *close, bool *keep)
{
	while (value.length > 0)
	{
		const char *comma = memchr(value.bytes, ',', value.length);
		size_t		length = comma == NULL ? value.length : (size_t) (comma - value.bytes);
		HttpText	word = trim(value.bytes, length);

		*close |= respond_http_text_is(word, "close");
		*keep |= respond_http_text_is(word, "keep-alive");
		length += comma != NULL;
		value.bytes += length;
		value.length -= length;
	}
}

/* What the fields say of the request itself. */
static HttpVerdict
read_meaning(HttpHead *head, HttpText authority, HttpRefusal *refusal)
{
	HttpVerdict verdict = HTTP_WHOLE;
	bool		close = false;
	bool		keep = false;

	for (int i = 0; i < head->field_count && verdict == HTTP_WHOLE; i++)
	{
		HttpField  *field = &head->fields[i];

		if (respond_http_text_is(field->name, "content-length"))
			verdict = read_length(head, field->value, refusal);
		else if (respond_http_text_is(field->name, "transfer-encoding"))
			verdict = read_coding(head, field->value, refusal);
		else if (respond_http_text_is(field->name, "host"))
			verdict = read_host(head, field->value, refusal);
		else if (respond_http_text_is(field->name, "connection"))
			read_connection(field->value, &close, &keep);
		else if (respond_http_text_is(field->name, "expect"))
		{
			if (!respond_http_text_is(field->value, "100-continue"))
				verdict = refuse(refusal, 417, "an expectation that is not supported");
			head->expects_continue = head->minor > 0;
		}
	}
	if (verdict != HTTP_WHOLE)
		return verdict;
	if (head->host.bytes == NULL && head->minor > 0)
		return refuse(refusal, 400, "no Host");
	if (authority.bytes != NULL && (head->host.bytes == NULL || !same_text(authority, head->host)))
		return refuse(refusal, 400, "a Host that is not that of the request target");
	head->keep_alive = !close && (head->minor > 0 || keep);
	return HTTP_WHOLE;
}

HttpVerdict
respond_http_head_read(HttpHeadScan *scan, const char *bytes, size_t length, HttpHead *head, size_t *used,
					   HttpRefusal *refusal)
{
	HttpVerdict verdict = find_end(scan, bytes, length, used, refusal);
	HttpText	authority = {NULL, 0};
	const char *line = bytes + scan->start;
	bool		first = true;

	if (verdict != HTTP_WHOLE)
		return verdict;
	memset(head, 0, offsetof(HttpHead, fields));
	while (verdict == HTTP_WHOLE && line[0] != '\r')
	{
		size_t		end = (const char *) memchr(line, '\r', bytes + *used - line) - line;

		if (first)
			verdict = read_request_line(head, line, end, &authority, refusal);
		else
			verdict = read_field(head, line, end, refusal);
		first = false;
		line += end + 2;
	}
	if (verdict != HTTP_WHOLE)
		return verdict;
	return read_meaning(head, authority, refusal);
}
