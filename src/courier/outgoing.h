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
#include "outbox/outbox.h"
#include "transport/transfer.h"

/* What its row says of a request; texts are in the database's encoding, NULL where the column is. */
typedef struct RequestRow
{
	TimestampTz created_at;
	const char *url;			/* NULL: the channel's */
	Jsonb	   *headers;
	const char **recipients;
	int			recipient_count;
	const char *body;
	const char *html;
	const char *mark;			/* stands where the secret goes; NULL: nowhere */
	const char *definition;		/* that the mark was placed by */
	const char *callback_mark;	/* stands where the token goes with which the receiver calls back; NULL: nowhere */
} RequestRow;

/* A request that is under way. */
typedef struct Outgoing
{
	Transfer	transfer;
	const struct OutcomeKind *outcome_kind; /* of what comes back over the network; NULL: nothing does */
	MemoryContext context;		/* of this struct and all that it points to */
	Entry	   *entry;
	CourierChannel *channel;
	char	   *host_name;		/* scheme://host:port; NULL: NOTIFY */
	Breaker    *host;			/* NULL: not begun */
	bool		is_probe;
	bool		is_channel_probe;

	/* of the row */
	Oid			partition;
	ItemPointerData tid;
	char		key[40];
	char	   *rule;
	int64		run_id;
	int64		event_id;
	int64		ticket_id;
	char	   *subject;
	const RequestTerms *terms;	/* NULL: nobody waits for the answer */
	int			depth;
	int			attempts;
	int			attempts_before;
	TimestampTz sent_at;
	const char *failure;		/* could not even be sent: why; it is dead */
	const char *notify_channel;	/* it is a notification on this channel; NULL: it goes over the network */
	const char *channel_url;	/* of the channel when it was sent, as written; NULL: none */
	SecretForms *forms;			/* of the secret that it was sent with */
	SecretForms *callback_forms;	/* of the token with which the receiver calls back */
	struct Outgoing *next;
} Outgoing;

#endif							/* RESPOND_OUTGOING_H */
