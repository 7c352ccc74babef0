/*-------------------------------------------------------------------------
 * route_find.c
 *	  Finds the route of a request.
 *
 * src/rest/route_find.c
 *-------------------------------------------------------------------------
 */
#include "rest/route.h"

#include <string.h>

#include "rest/query_text.h"

bool
respond_route_number(const char *text, int64_t *number)
{
	uint64_t	value = 0;

	if (*text < '1' || *text > '9')
		return false;
	for (; *text != '\0'; text++)
	{
		if (*text < '0' || *text > '9' || value > (INT64_MAX - (uint64_t) (*text - '0')) / 10)
			return false;
		value = value * 10 + (uint64_t) (*text - '0');
	}
	*number = (int64_t) value;
	return true;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool
is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (int i = 0; form[i] != '\0'; i++)
		if (form[i] == '-' ? text[i] != '-' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	return true;
}

/* Whether a value can stand where the path has {kind}. */
static bool
may_be(const char *kind, const char *value)
{
	int64_t		number;

	if (strncmp(kind, "{id}", 4) == 0)
		return respond_route_number(value, &number);
	if (strncmp(kind, "{uuid}", 6) == 0)
		return is_uuid(value);
	return *value != '\0';
}

/* Whether the path is of this form; the values of its {...} are decoded. */
static bool
is_of_form(Arena *arena, const char *form, const char *path, const char **values)
{
	int			count = 0;

	while (*form == '/' && *path == '/')
	{
		size_t		part;
		size_t		length;

		form++;
		path++;
		part = strcspn(form, "/");
		length = strcspn(path, "/");
		if (*form == '{')
		{
			const char *value = respond_percent_decode(arena, path, length, false);

			if (value == NULL || !may_be(form, value))
				return false;
			values[count++] = value;
		}
		else if (part != length || strncmp(form, path, length) != 0)
			return false;
		form += part;
		path += length;
	}
	return *form == '\0' && *path == '\0';
}

static void
allow(RouteMatch *match, const char *method)
{
	if (match->allow[0] != '\0')
		strcat(match->allow, ", ");
	strcat(match->allow, method);
	if (strcmp(method, "GET") == 0)
		strcat(match->allow, ", HEAD");
}

RouteVerdict
respond_route_find(Arena *arena, const Route *routes, int count, const char *method, const char *path,
				   RouteMatch *match)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

	memset(match, 0, sizeof(*match));
	for (int i = 0; i < count; i++)
	{
		if (!is_of_form(arena, routes[i].path, path, match->values))
			continue;
		if (strcmp(routes[i].method, wanted) == 0)
		{
			match->route = &routes[i];
			return ROUTE_FOUND;
		}
		allow(match, routes[i].method);
	}
	if (match->allow[0] == '\0')
		return ROUTE_NO_PATH;
	allow(match, "OPTIONS");
	return ROUTE_NO_METHOD;
}
