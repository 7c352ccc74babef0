/*-------------------------------------------------------------------------
 * gateway_settings.c
 *	  Whether the settings of the gateway are legal, for respond_guc_define().
 *
 * src/gateway/gateway_settings.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/guc.h"
#include "gateway/gateway_settings.h"
#include "gateway/host_map.h"
#include "wire/ascii_case.h"
#include "wire/public_address.h"

/* Scheme and host, and perhaps what a proxy puts before the path; other things would end up in the middle of urls. */
bool
respond_gateway_check_public_url(const char *text, char *error, size_t size)
{
	const char *host = respond_ascii_begins(text, "https://") ? text + strlen("https://") :
		respond_ascii_begins(text, "http://") ? text + strlen("http://") : NULL;

	if (text[0] == '\0')
		return true;
	if (host == NULL || host[0] == '\0' || host[0] == '/')
		snprintf(error, size, "\"%s\" does not begin with https:// or http:// and a host", text);
	else if (strpbrk(text, "?#@\\\"<>") != NULL)
		snprintf(error, size, "it may have no name of a user, no query and no fragment");
	else
	{
		for (; *text > ' ' && *text < 0x7f;)
			text++;
		if (*text == '\0')
			return true;
		snprintf(error, size, "it has a character that no url has; write it percent-encoded");
	}
	return false;
}

static bool
host_stands_for(const char *host, const char *database)
{
	const char *list = respond_gateway_database;
	HostItem	item;

	while (list != NULL && respond_host_map_next(&list, &item))
		if (pg_strcasecmp(item.host, host) == 0)
			return strcmp(item.database, database) == 0;
	return false;
}

void
respond_gateway_settings_initialize(void)
{
	respond_public_host_stands_for = host_stands_for;
}
