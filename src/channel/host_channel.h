/*-------------------------------------------------------------------------
 * host_channel.h
 *	  Channels of hosts: what requests go through that name no channel.
 *
 * There is one for each host, with the usual limits, and no row of it.  So one
 * host that hangs, or wants to be left alone, is nobody else's matter.
 *
 * src/channel/host_channel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HOST_CHANNEL_H
#define RESPOND_HOST_CHANNEL_H

#include "channel/channel.h"

/* Their ids are not below this one; those of other channels are random, of version 4, and below it. */
#define HOST_CHANNEL_FIRST_ID	"ffffffff-ffff-8000-8000-000000000000"

/* The id of the channel of a host, as respond_url_check() gives it. */
extern pg_uuid_t respond_host_channel_id(const char *host);

/* Whether it is the id of one. */
extern bool respond_host_channel_is(const pg_uuid_t *id);

/* In the current memory context. */
extern Channel *respond_host_channel_make(const pg_uuid_t *id, const char *host);

#endif							/* RESPOND_HOST_CHANNEL_H */
