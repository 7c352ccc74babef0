/*-------------------------------------------------------------------------
 * outgoing.h
 *	  A request that is under way.
 *
 * src/courier/outgoing.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OUTGOING_H
#define RESPOND_OUTGOING_H

#include "storage/itemptr.h"

#include "courier/courier_queue.h"
#include "transport/transport.h"

/* A request that is under way. */
typedef struct Outgoing
{
	Transfer	transfer;
	MemoryContext context;		/* of this struct and all that it points to */
	Entry	   *entry;
	CourierChannel *channel;
	char	   *host_name;		/* scheme://host:port; NULL: NOTIFY */
	Breaker    *host;			/* NULL: not begun */
	bool		is_probe;
	bool		is_channel_probe;
	bool		is_notify;

	/* of the row */
	Oid			partition;
	ItemPointerData tid;
	char		key[40];
	char	   *rule;
	int64		run_id;
	int64		event_id;
	int64		ticket_id;
	char	   *subject;
	int			depth;
	int			attempts;
	int			attempts_before;
	TimestampTz sent_at;
	const char *failure;		/* could not even be sent: why; it is dead */
	const char *notify_channel;
	const char *channel_url;	/* of the channel when it was sent, as written; NULL: none */
	SecretForms *forms;			/* of the secret that it was sent with */
	struct Outgoing *next;
} Outgoing;

#endif							/* RESPOND_OUTGOING_H */
