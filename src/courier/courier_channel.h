/*-------------------------------------------------------------------------
 * courier_channel.h
 *	  Channels as the courier has them in mind, with their queues, limits and secrets.
 *
 * src/courier/courier_channel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_CHANNEL_H
#define RESPOND_COURIER_CHANNEL_H

#include "lib/ilist.h"
#include "lib/rbtree.h"
#include "utils/timestamp.h"

#include "channel/channel.h"
#include "courier/breaker.h"
#include "courier/courier_unread.h"
#include "secret/redact.h"

/* A channel and the next of its pending deliveries. */
typedef struct CourierChannel
{
	uint64		hash;			/* of its id, hash key */
	pg_uuid_t	id;
	char	   *name;
	const Channel *config;		/* valid for the generation that was read last */
	MemoryContext own;			/* of the channel of a host: of its config; NULL: that is kept elsewhere */
	bool		ordered;
	bool		present;		/* while channels are read: it is still there */

	RBTree	   *queue;			/* by (after, id) */
	int			queued;
	Unread		unread;

	char	   *secret;			/* NULL: it has none, or it was not read */
	bool		secret_read;
	SecretForms *forms;			/* of it, as answers may hold it */

	int			in_flight;
	size_t		answer_size;	/* of bodies of answers that are wanted: what is to be expected */
	double		next_send_at;	/* of the rate limit, in microseconds as TimestampTz */
	TimestampTz paused_until;	/* the receiver wants to be left alone */
	TimestampTz blocked_until;	/* the secret cannot be had, or a standby has not confirmed */
	double		rate;			/* that next_send_at was reckoned with */
	char	   *blocked_reason;	/* NULL: it is not */
	Breaker    *host;			/* that its url names; NULL: not known yet */
	Breaker		answers;		/* of what its receiver answers */
	char	   *url;			/* ready to be sent to, secret and all; NULL: not known, or each has its own */
	char	   *host_name;		/* of url */
	dlist_node	node;			/* in the ring of channels, see respond_courier_channel_next() */
} CourierChannel;

extern void respond_courier_channel_open(void);

/* By the hash of its id; NULL: it is not known. */
extern CourierChannel *respond_courier_channel_find(uint64 hash);

/* Makes it known, with nothing queued; the one that is there. */
extern CourierChannel *respond_courier_channel_add(const Channel *config);

/* The same of the channel of a host, which is in no table. */
extern CourierChannel *respond_courier_channel_add_host(const pg_uuid_t *id, const char *host);

/* It is gone from the table.  While requests are under way it stays; it is removed again when they have ended. */
extern void respond_courier_channel_remove(CourierChannel *channel);

/* Walks over all channels, beginning behind the one that was given last. */
extern CourierChannel *respond_courier_channel_next(int *left);
extern int	respond_courier_channel_count(void);

/* Channels that could send, but have no request under way. */
extern int	respond_courier_channel_count_idle(void);

/* Nothing is sent for a while.  One line in the log for each new reason. */
extern void respond_courier_channel_block(CourierChannel *channel, const char *reason);
extern void respond_courier_channel_unblock(CourierChannel *channel);

/* Its secret, and whatever holds it, is read anew when it is wanted. */
extern void respond_courier_channel_forget_secret(CourierChannel *channel);

#endif							/* RESPOND_COURIER_CHANNEL_H */
