/*-------------------------------------------------------------------------
 * listen_address.c
 *	  Addresses that the gateway listens to, and lists of them, as they stand in settings.
 *
 * src/companion/listen_address.c
 *-------------------------------------------------------------------------
 */
#include "companion/listen_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "companion/protocol.h"

#define PREFIX_TLS	"tls:"
#define PREFIX_UNIX	"unix:"

/* Takes the prefix off the text; false: it does not begin so. */
static bool
take_prefix(const char **text, size_t *length, const char *prefix)
{
	size_t		size = strlen(prefix);

	if (*length < size || strncmp(*text, prefix, size) != 0)
		return false;
	*text += size;
	*length -= size;
	return true;
}

static bool
read_port(const char *text, size_t length, int *port)
{
	*port = 0;
	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*port = *port * 10 + (text[i] - '0');
	}
	return *port >= 1 && *port <= 65535;
}

/* Whether host is a number of version 4, or else of version 6; also says whether it is one of this machine. */
static bool
read_host(bool in_brackets, ListenAddress *address)
{
	struct in_addr four;
	struct in6_addr six;

	if (in_brackets)
	{
		address->is_loopback = inet_pton(AF_INET6, address->host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
		return inet_pton(AF_INET6, address->host, &six) == 1;
	}
	if (inet_pton(AF_INET, address->host, &four) != 1)
		return false;
	address->is_loopback = ntohl(four.s_addr) >> 24 == 127;
	return true;
}

static bool
read_unix(const char *text, size_t length, ListenAddress *address, char *error, size_t size)
{
	address->is_unix = true;
	address->is_loopback = true;
	if (length == 0 || text[0] != '/')
		snprintf(error, size, "the path of a Unix socket begins with a slash");
	else if (length >= sizeof(address->host))
		snprintf(error, size, "the path of a Unix socket has %zu bytes at most", sizeof(address->host) - 1);
	else if (memchr(text, '\0', length) != NULL)
		snprintf(error, size, "it has a character that no path has");
	else
	{
		memcpy(address->host, text, length);
		return true;
	}
	return false;
}

static const char *
last_colon(const char *text, size_t length)
{
	while (length > 0)
		if (text[--length] == ':')
			return text + length;
	return NULL;
}

static bool
read_tcp(const char *text, size_t length, ListenAddress *address, char *error, size_t size)
{
	bool		in_brackets = length > 0 && text[0] == '[';
	const char *colon = last_colon(text, length);
	const char *host = in_brackets ? text + 1 : text;
	const char *end = in_brackets ? memchr(text, ']', length) : colon;

	if (colon == NULL || end == NULL || (in_brackets && colon != end + 1) ||
		!read_port(colon + 1, text + length - (colon + 1), &address->port))
	{
		snprintf(error, size, "it needs a port from 1 to 65535 behind a colon, such as 127.0.0.1:8330");
		return false;
	}
	if ((size_t) (end - host) < sizeof(address->host))
		memcpy(address->host, host, end - host);
	if (read_host(in_brackets, address))
		return true;
	snprintf(error, size, "its host must be a number such as 127.0.0.1 or [::1], not a name");
	return false;
}

bool
respond_listen_address_read(const char *text, size_t length, ListenAddress *address, char *error, size_t size)
{
	memset(address, 0, sizeof(*address));
	address->is_tls = take_prefix(&text, &length, PREFIX_TLS);
	if (take_prefix(&text, &length, PREFIX_UNIX))
		return read_unix(text, length, address, error, size);
	return read_tcp(text, length, address, error, size);
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool
respond_listen_address_next(const char **at, const char **item, size_t *length)
{
	const char *end;

	while (is_blank(**at) || **at == ',')
		(*at)++;
	if (**at == '\0')
		return false;
	*item = *at;
	end = *at + strcspn(*at, ",");
	*at = end;
	while (is_blank(end[-1]))
		end--;
	*length = end - *item;
	return true;
}

/* Whether this item stands in the list before that place. */
static bool
stands_before(const char *list, const char *place, const char *text, size_t length)
{
	const char *item;
	size_t		size;

	while (respond_listen_address_next(&list, &item, &size) && item < place)
		if (size == length && memcmp(item, text, length) == 0)
			return true;
	return false;
}

bool
respond_listen_address_check(const char *list, char *error, size_t size)
{
	const char *at = list;
	const char *item;
	size_t		length;
	int			count = 0;

	while (respond_listen_address_next(&at, &item, &length))
	{
		ListenAddress address;
		char		why[160];

		if (!respond_listen_address_read(item, length, &address, why, sizeof(why)))
			snprintf(error, size, "\"%.*s\" is no address to listen to: %s", (int) length, item, why);
		else if (stands_before(list, item, item, length))
			snprintf(error, size, "\"%.*s\" stands twice in the list", (int) length, item);
		else if (++count > PROTOCOL_MAX_ADDRESSES)
			snprintf(error, size, "more than %d addresses are not possible", PROTOCOL_MAX_ADDRESSES);
		else
			continue;
		return false;
	}
	return true;
}
