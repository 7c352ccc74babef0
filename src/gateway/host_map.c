/*-------------------------------------------------------------------------
 * host_map.c
 *	  Which host names belong to which database: pg_respond.gateway_database.
 *
 * src/gateway/host_map.c
 *-------------------------------------------------------------------------
 */
#include "gateway/host_map.h"

#include <stdio.h>
#include <string.h>

#include "companion/listen_address.h"
#include "companion/protocol.h"
#include "wire/ascii_case.h"

static int
hex_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte = respond_ascii_lower(byte);
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* False: a percent sign without two digits behind it, a NUL, or too long. */
static bool
decode(const char *text, size_t length, char *out)
{
	size_t		size = 0;

	for (size_t i = 0; i < length; i++)
	{
		char		byte = text[i];

		if (byte == '%')
		{
			int			high = i + 2 < length ? hex_value(text[i + 1]) : -1;
			int			low = high < 0 ? -1 : hex_value(text[i + 2]);

			if (low < 0)
				return false;
			byte = (char) (high * 16 + low);
			i += 2;
		}
		if (byte == '\0' || size + 1 == HOST_MAP_NAME)
			return false;
		out[size++] = byte;
	}
	out[size] = '\0';
	return size > 0;
}

/* A name of DNS, or an address; a port never belongs to it. */
static bool
read_host(const char *text, size_t length, char *out)
{
	static const char marks[] = ".-_[]:";
	bool		in_brackets = length > 0 && text[0] == '[';

	if (length == 0 || length >= HOST_MAP_NAME || (in_brackets && text[length - 1] != ']') ||
		(!in_brackets && memchr(text, ':', length) != NULL))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		out[i] = respond_ascii_lower(text[i]);
		if (!((out[i] >= 'a' && out[i] <= 'z') || (out[i] >= '0' && out[i] <= '9') ||
			  (out[i] != '\0' && strchr(marks, out[i]) != NULL)))
			return false;
	}
	out[length] = '\0';
	return true;
}

/* NULL when the text is an item, else why not. */
static const char *
read_item(const char *text, size_t length, HostItem *item)
{
	const char *sign = memchr(text, '=', length);
	const char *name;

	if (sign == NULL)
		return "it needs a host name, an equals sign and a database";
	name = sign + 1;
	for (length -= name - text; length > 0 && *name == ' '; length--)
		name++;
	while (sign > text && sign[-1] == ' ')
		sign--;
	if (!read_host(text, sign - text, item->host))
		return "what stands before the equals sign must be a host name without port, such as hooks.example";
	if (!decode(name, length, item->database))
		return "what stands behind the equals sign must be the name of a database, with % and , written as %25 and %2C";
	return NULL;
}

/* Whether the host stands in the list before that place. */
static bool
stands_before(const char *list, const char *place, const char *host)
{
	const char *text;
	size_t		length;
	HostItem	item;

	while (respond_listen_address_next(&list, &text, &length) && text < place)
		if (read_item(text, length, &item) == NULL && strcmp(item.host, host) == 0)
			return true;
	return false;
}

bool
respond_host_map_check(const char *list, char *error, size_t size)
{
	const char *at = list;
	const char *text;
	size_t		length;
	int			count = 0;

	while (respond_listen_address_next(&at, &text, &length))
	{
		HostItem	item;
		const char *why = read_item(text, length, &item);

		if (why != NULL)
			snprintf(error, size, "\"%.*s\" cannot be read: %s", (int) length, text, why);
		else if (stands_before(list, text, item.host))
			snprintf(error, size, "host \"%s\" stands twice in the list", item.host);
		else if (++count > PROTOCOL_MAX_HOSTS)
			snprintf(error, size, "more than %d hosts are not possible", PROTOCOL_MAX_HOSTS);
		else
			continue;
		return false;
	}
	return true;
}

bool
respond_host_map_next(const char **at, HostItem *item)
{
	const char *text;
	size_t		length;

	return respond_listen_address_next(at, &text, &length) && read_item(text, length, item) == NULL;
}
