/*-------------------------------------------------------------------------
 * public_address.c
 *	  Where callers from outside reach this database.
 *
 * src/wire/public_address.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "common/guc.h"
#include "template/template_jsonb.h"
#include "wire/public_address.h"

bool		(*respond_public_host_stands_for) (const char *host, const char *database) = NULL;

/* The host of a url that was checked when it was set, without port. */
static char *
host_of(const char *url)
{
	const char *start = strstr(url, "://");
	size_t		length;

	if (start == NULL)
		return pstrdup("");
	start += strlen("://");
	length = strcspn(start, "/");
	/* an IPv6 address has colons of its own */
	length = *start == '[' ? Min(length, strcspn(start, "]") + 1) : Min(length, strcspn(start, ":"));
	return pnstrdup(start, length);
}

char *
respond_public_address(void)
{
	const char *base = respond_gateway_public_url != NULL ? respond_gateway_public_url : "";
	char	   *database = get_database_name(MyDatabaseId);
	int			length = (int) strlen(base);

	while (length > 0 && base[length - 1] == '/')
		length--;
	if (length > 0 && respond_public_host_stands_for != NULL && respond_public_host_stands_for(host_of(base), database))
		return pnstrdup(base, length);
	database = respond_template_escape(pg_server_to_any(database, strlen(database), PG_UTF8), TEMPLATE_ESCAPE_URL);
	return psprintf("%.*s/%s", length, base, database);
}
