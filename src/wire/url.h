/*-------------------------------------------------------------------------
 * url.h
 *	  Addresses of receivers: read by libcurl's own parser, and judged.
 *
 * src/wire/url.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_URL_H
#define RESPOND_URL_H

/* How a channel reaches its receiver. */
typedef enum ChannelTransport
{
	TRANSPORT_HTTP,
	TRANSPORT_SMTP,
	TRANSPORT_NOTIFY
} ChannelTransport;

/*
 * Why the url cannot be used by a channel of this transport, NULL when it can.
 * Part of a sentence that begins with "it": "holds a control character".
 * *host, unless host is NULL, becomes "scheme://host:port", whole and palloc'd.
 * The url is in UTF-8 when hosts are to be compared.
 */
extern const char *respond_url_check(const char *url, ChannelTransport transport, char **host);

/*
 * "scheme://host:port" of a url in the database's encoding, in UTF-8 and
 * palloc'd; what follows the host may be a template.  Empty when there is none.
 */
extern char *respond_url_host(const char *url, ChannelTransport transport);

/* What of a url, or of a template of one, says scheme, host and port; NULL: there is no "://". */
extern char *respond_url_start(const char *url);

#endif							/* RESPOND_URL_H */
