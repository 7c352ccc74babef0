/*-------------------------------------------------------------------------
 * public_url.c
 *	  What senders call this server, and when they called.
 *
 * src/inbound/public_url.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/guc.h"
#include "inbound/public_url.h"

const char *
respond_public_url(void)
{
	const char *url = respond_gateway_public_url;

	return url != NULL && *url != '\0' ? url : NULL;
}

int64
respond_unix_milliseconds(TimestampTz time)
{
	int64		days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;

	return time / 1000 + days * SECS_PER_DAY * 1000;
}
