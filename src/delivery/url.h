/*-------------------------------------------------------------------------
 * url.h
 *	  Addresses of receivers: read by libcurl's own parser, and judged.
 *
 * src/delivery/url.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_URL_H
#define RESPOND_URL_H

#include "delivery/channel.h"

/*
 * Why the url cannot be used by a channel of this transport, NULL when it can.
 * Part of a sentence that begins with "it": "holds a control character".  host,
 * when not NULL, gets "scheme://host:port", cut to size bytes.
 */
extern const char *respond_url_check(const char *url, ChannelTransport transport, char *host, size_t size);

#endif							/* RESPOND_URL_H */
