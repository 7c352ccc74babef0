/*-------------------------------------------------------------------------
 * url.c
 *	  Addresses of receivers: read by libcurl's own parser, and judged.
 *
 * The parser that judges an address must be the one that connects to it, or the
 * two could see different hosts in it.
 *
 * src/wire/url.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "mb/pg_wchar.h"

#include "wire/url.h"

/* Longest address, in bytes. */
#define MAX_LENGTH	8192

static const char *
check_characters(const char *url)
{
	size_t		length = strlen(url);

	if (length == 0)
		return "is empty";
	if (length > MAX_LENGTH)
		return "is longer than 8 kB";
	for (const char *s = url; *s != '\0'; s++)
	{
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			return "holds a control character";
		if (*s == ' ' || *s == '\\')
			return *s == ' ' ? "holds a space" : "holds a backslash";
	}
	return NULL;
}

static bool
has_part(CURLU *parsed, CURLUPart part)
{
	char	   *value = NULL;
	bool		has = curl_url_get(parsed, part, &value, 0) == CURLUE_OK;

	curl_free(value);
	return has;
}

static const char *
check_scheme(const char *scheme, ChannelTransport transport)
{
	if (transport == TRANSPORT_SMTP)
		return strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0 ? NULL :
			"does not begin with smtp:// or smtps://";
	return strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0 ? NULL :
		"does not begin with http:// or https://";
}

/*
 * As two forms of the same host compare: case does not count, libcurl's parser has
 * brought numbers into one form, the port is always there.  Whatever else differs
 * counts as another host.
 */
static char *
host_text(const char *scheme, const char *name, const char *zone, const char *port)
{
	char	   *host = zone == NULL ? psprintf("%s://%s:%s", scheme, name, port) :
	psprintf("%s://%s%%%s:%s", scheme, name, zone, port);

	for (char *s = host; *s != '\0'; s++)
		*s = pg_ascii_tolower((unsigned char) *s);
	return host;
}

static const char *
check_parts(CURLU *parsed, ChannelTransport transport, char **host)
{
	char	   *scheme = NULL;
	char	   *name = NULL;
	char	   *zone = NULL;
	char	   *port = NULL;
	const char *fault = NULL;

	if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		fault = "has no scheme";
	else if ((fault = check_scheme(scheme, transport)) != NULL)
		;
	else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
		fault = "holds a user or a password; use option \"username\" and the secret";
	else if (curl_url_get(parsed, CURLUPART_HOST, &name, 0) != CURLUE_OK || name[0] == '\0')
		fault = "has no host";
	else if (curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		fault = "has no port";
	else if (host != NULL)
	{
		(void) curl_url_get(parsed, CURLUPART_ZONEID, &zone, 0);
		*host = host_text(scheme, name, zone, port);
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(zone);
	curl_free(port);
	return fault;
}

const char *
respond_url_check(const char *url, ChannelTransport transport, char **host)
{
	const char *fault = check_characters(url);
	CURLU	   *parsed;

	if (fault != NULL)
		return fault;
	if (strstr(url, "://") == NULL)
		return "has no scheme such as https://";
	parsed = curl_url();
	if (parsed == NULL)
		return "cannot be read: out of memory";
	if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		fault = "is not a url";
	else
		fault = check_parts(parsed, transport, host);
	curl_url_cleanup(parsed);
	return fault;
}

char *
respond_url_start(const char *url)
{
	const char *rest = strstr(url, "://");

	if (rest == NULL)
		return NULL;
	/* libcurl takes a third slash, too, and the host behind it */
	rest += 3 + strspn(rest + 3, "/");
	return pnstrdup(url, rest - url + strcspn(rest, "/?#"));
}

char *
respond_url_host(const char *url, ChannelTransport transport)
{
	char	   *start = url != NULL ? respond_url_start(url) : NULL;
	char	   *host = NULL;

	if (start == NULL)
		return pstrdup("");
	if (respond_url_check(pg_server_to_any(start, strlen(start), PG_UTF8), transport, &host) != NULL)
		return pstrdup("");
	return host;
}
