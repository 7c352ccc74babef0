/*-------------------------------------------------------------------------
 * public_url.h
 *	  What senders call this server, and when they called.
 *
 * src/inbound/public_url.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PUBLIC_URL_H
#define RESPOND_PUBLIC_URL_H

#include "datatype/timestamp.h"

/* pg_respond.gateway_public_url; NULL: senders know the server by the name that they send. */
extern const char *respond_public_url(void);

/* Milliseconds since 1970. */
extern int64 respond_unix_milliseconds(TimestampTz time);

#endif							/* RESPOND_PUBLIC_URL_H */
