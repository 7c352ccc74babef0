/*-------------------------------------------------------------------------
 * route.c
 *	  Which database and which lane a request is for.
 *
 * src/listener/route.c
 *-------------------------------------------------------------------------
 */
#include "listener/route.h"

#include <string.h>

#include "wire/bytes_read.h"

#define MAX_NAME	255

static bool
text_is(HttpText text, const char *string)
{
	return strlen(string) == text.length && memcmp(text.bytes, string, text.length) == 0;
}

static bool
begins_with(HttpText text, const char *string)
{
	return strlen(string) <= text.length && memcmp(text.bytes, string, strlen(string)) == 0;
}

/* The name of a database as it stands in a path; its length, or 0: it is none. */
static size_t
decode_name(HttpText text, char name[MAX_NAME])
{
	size_t		length = 0;

	for (size_t i = 0; i < text.length; i++)
	{
		char		byte = text.bytes[i];

		if (byte == '%')
		{
			int			high = i + 2 < text.length ? respond_hex_digit(text.bytes[i + 1]) : -1;
			int			low = i + 2 < text.length ? respond_hex_digit(text.bytes[i + 2]) : -1;

			if (high < 0 || low < 0)
				return 0;
			byte = (char) (high * 16 + low);
			i += 2;
		}
		if (length == MAX_NAME)
			return 0;
		name[length++] = byte;
	}
	return length;
}

/* A host may come with a port. */
static size_t
host_length(HttpText host)
{
	size_t		length = host.length;

	while (length > 0 && host.bytes[length - 1] >= '0' && host.bytes[length - 1] <= '9')
		length--;
	return length > 0 && host.bytes[length - 1] == ':' ? length - 1 : host.length;
}

static LaneKind
lane_of(HttpText path)
{
	if (text_is(path, "/v1/stream") || begins_with(path, "/v1/stream/"))
		return LANE_ZERO;
	return text_is(path, "/v1") || begins_with(path, "/v1/") ? LANE_REST : LANE_ZERO;
}

int
respond_route(const HttpHead *head, HttpText host, Route *route)
{
	char		name[MAX_NAME];
	HttpText	first = {head->path.bytes + 1, head->path.length - 1};
	const char *slash = memchr(first.bytes, '/', first.length);

	route->path = head->path;
	route->database = host.length > 0 ? respond_database_of_host(host.bytes, host_length(host)) : NULL;
	if (route->database == NULL && text_is(head->path, "/metrics"))
		route->database = respond_database_any();
	else if (route->database == NULL)
	{
		if (slash != NULL)
			first.length = slash - first.bytes;
		route->database = respond_database_named(name, decode_name(first, name));
		route->path = (HttpText) {"/", 1};
		if (slash != NULL)
			route->path = (HttpText) {slash, head->path.bytes + head->path.length - slash};
	}
	route->lane = lane_of(route->path);
	if (route->database != NULL && respond_database_exists(route->database))
		return respond_database_has_worker(route->database, route->lane) ? 0 : 503;
	return text_is(head->path, "/metrics") || !respond_databases_are_known() ? 503 : 404;
}
