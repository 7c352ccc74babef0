/*-------------------------------------------------------------------------
 * outbox.h
 *	  Recording deliveries, and telling the courier of them after the commit.
 *
 * src/outbox/outbox.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OUTBOX_H
#define RESPOND_OUTBOX_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

/*
 * How a request is made whose answer a run waits for.  Numbers are never 0 unless
 * that is said.
 */
typedef struct RequestTerms
{
	const char *method;
	TimestampTz deadline;		/* the whole of it ends then */
	int32		attempt_timeout_ms;
	int32		max_attempts;
	int32		max_body;		/* bytes of the answer's body; more is a failure */
	const int32 *expected;		/* statuses of answers that are no failure; none: 200 to 299 */
	int			expected_count;
	TimestampTz run_started_at; /* with the number of the run, finds its row; 0: nobody waits */
	const char *step;			/* of the run; NULL: none */
	int64		retry_after_ms; /* pause before the second try; 0: as the channel has it */
} RequestTerms;

/* What to record; see respond.delivery.  Texts are NULL where the column is. */
typedef struct NewDelivery
{
	int64		id;				/* from respond_outbox_next_id() */
	pg_uuid_t	key;
	const char *channel;
	pg_uuid_t	channel_id;
	const char *rule;
	int64		run_id;			/* 0 here and below: none */
	int64		event_id;
	int64		ticket_id;
	const char *subject;
	int32		depth;
	const char *url;
	Jsonb	   *headers;		/* NULL: none */
	const char **recipients;
	int			recipient_count;
	const char *body;
	const char *html;
	const char *secret_mark;
	const char *definition;		/* with a mark: what was filled in; NULL: none */
	const char *callback_mark;	/* see callback_token.h; NULL: the receiver is not to call back */
	const RequestTerms *terms;	/* NULL: nobody waits for an answer */
} NewDelivery;

extern int64 respond_outbox_next_id(void);

/*
 * Inserts the deliveries, pending, without a plan and without asking for
 * privileges, and tells the courier of them at commit.
 */
extern void respond_outbox_write(const NewDelivery *deliveries, int count);

/* At commit the courier of this database hears of one pending delivery. */
extern void respond_outbox_announce(const pg_uuid_t *channel, const char *subject, int64 id,
									TimestampTz created_at, TimestampTz due);

/* At commit the courier of this database looks at all pending deliveries, and at the channels. */
extern void respond_outbox_announce_all(void);

/* Gives what is pending without a channel's id to the channel that has that name; how many. */
extern uint64 respond_outbox_adopt(void);

/* How notices name channels and subjects; subject NULL: none. */
extern uint64 respond_outbox_channel_hash(const pg_uuid_t *channel);
extern uint64 respond_outbox_subject_hash(const char *subject);

/* Installs the callbacks of commit; at load. */
extern void respond_outbox_initialize(void);

#endif							/* RESPOND_OUTBOX_H */
