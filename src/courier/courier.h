/*-------------------------------------------------------------------------
 * courier.h
 *	  What the files of the courier share: channels with their queues, requests under way.
 *
 * src/courier/courier.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_H
#define RESPOND_COURIER_H

#include "access/xlogdefs.h"
#include "lib/ilist.h"
#include "lib/rbtree.h"
#include "storage/itemptr.h"
#include "utils/timestamp.h"

#include "channel/channel.h"
#include "common/shmem.h"
#include "courier/breaker.h"
#include "secret/redact.h"
#include "transport/transport.h"
#include "wire/signature.h"

/* No outcome waits longer for its next turn to be recorded. */
#define COURIER_LONGEST_PAUSE_US	(60 * USECS_PER_SEC)

typedef enum EntryState
{
	ENTRY_QUEUED,				/* in the queue of its channel */
	ENTRY_SENDING				/* its row was fetched, the request is under way or about to be */
} EntryState;

/* A pending delivery that the courier has in mind. */
typedef struct Entry
{
	int64		id;				/* hash key */
	TimestampTz created_at;
	TimestampTz since;			/* when it was recorded or begun anew, as far as that is known */
	TimestampTz due;			/* in its row, and so where a look into the table finds it */
	TimestampTz after;			/* not sent before; the same or later */
	uint64		subject;		/* hash; of ordered channels */
	XLogRecPtr	written;		/* its row is in the WAL before this */
	struct CourierChannel *channel;
	EntryState	state;
	bool		earlier;		/* of a subject, see courier_queue.c */
	bool		given_up;		/* couriers died over it: it is not sent any more */
} Entry;

/*
 * A channel and the next of its pending deliveries.  What is pending and not
 * in the queue has a (due, id) beyond (more_due, more_id), if `more` is set;
 * else there is none.
 *
 * In an ordered channel the queue has the first pending delivery of each
 * subject.  The others are found by walking through the subjects: `more` is set
 * while such a walk is wanted, more_subject is how far it has got, more_due the
 * earliest due time of those that had no place in the queue.
 */
typedef struct CourierChannel
{
	uint64		hash;			/* of its id, hash key */
	pg_uuid_t	id;
	char	   *name;
	const Channel *config;		/* valid for the generation that was read last */
	bool		ordered;
	bool		present;		/* while channels are read: it is still there */

	RBTree	   *queue;			/* by (after, id) */
	int			queued;
	bool		more;
	TimestampTz more_due;
	int64		more_id;
	char	   *more_subject;	/* ordered; NULL: from the first on */
	bool		more_again;		/* ordered: another walk is wanted when this one has ended */
	TimestampTz more_after;		/* ordered: the next walk does not begin before */
	TimestampTz walk_ended_at;	/* ordered: when the last one did */

	char	   *secret;			/* NULL: it has none, or it was not read */
	bool		secret_read;
	SecretForms *forms;			/* of it, as answers may hold it */

	int			in_flight;
	double		next_send_at;	/* of the rate limit, in microseconds as TimestampTz */
	TimestampTz paused_until;	/* the receiver wants to be left alone */
	TimestampTz blocked_until;	/* the secret cannot be had, or a standby has not confirmed */
	double		rate;			/* that next_send_at was reckoned with */
	char	   *blocked_reason;	/* NULL: it is not */
	Breaker    *host;			/* that its url names; NULL: not known yet */
	Breaker		answers;		/* of what its receiver answers */
	char	   *url;			/* ready to be sent to, secret and all; NULL: not known, or each has its own */
	char	   *host_name;		/* of url */
	dlist_node	node;			/* in the ring of channels, see respond_queue_next() */
} CourierChannel;

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

/* What became of a request, on its way into the tables. */
typedef enum OutcomeStatus
{
	OUTCOME_DELIVERED,
	OUTCOME_RETRY,
	OUTCOME_DEAD
} OutcomeStatus;

typedef struct Outcome
{
	Outgoing   *outgoing;
	OutcomeStatus status;
	TimestampTz next_attempt_at;	/* RETRY */
	TimestampTz at;				/* when it ended */
	long		answer;			/* status of the answer, 0: none */
	char	   *error;			/* NULL: none */
	char	   *response;		/* NULL: none */
	bool		gone;			/* the receiver wants no more: disable the channel */
	bool		split;			/* a mail that some of its recipients did not get */
	int			failures;		/* to record it, by its own fault */
	TimestampTz again_at;		/* when that is tried again */
} Outcome;

/* courier_queue.c */
extern void respond_queue_open(void);
extern CourierChannel *respond_queue_channel(uint64 hash);
extern CourierChannel *respond_queue_add_channel(const Channel *config);
extern void respond_queue_remove_channel(CourierChannel *channel);
/* Walks over all channels, beginning behind the one that was given last. */
extern CourierChannel *respond_queue_next(int *left);
extern int	respond_queue_channel_count(void);
/* What is known of a pending delivery. */
typedef struct PendingDelivery
{
	int64		id;
	TimestampTz created_at;
	TimestampTz due;
	uint64		subject;		/* hash; of ordered channels */
	XLogRecPtr	written;		/* its row is in the WAL before this */
	bool		is_first;		/* the table says that it is the first of its subject */
} PendingDelivery;

/* Queues it, or leaves it to be found in the table. */
extern void respond_queue_add(CourierChannel *channel, const PendingDelivery *pending);
/* The first of the queue, NULL when it is empty. */
extern Entry *respond_queue_first(CourierChannel *channel);
/* Takes it out of the queue to be sent; puts it back; forgets it for good. */
extern void respond_queue_take(Entry *entry);
extern void respond_queue_put_back(Entry *entry, TimestampTz due);
/* Puts it back, to be sent not before this time; its row stays as it is. */
extern void respond_queue_hold_back(Entry *entry, TimestampTz after);
extern void respond_queue_forget(Entry *entry);
/* Something pending that is due from this time on is to be found in the table. */
extern void respond_queue_lower(CourierChannel *channel, TimestampTz due, int64 id);
/* All that is pending is to be found in the table. */
extern void respond_queue_look_from_start(CourierChannel *channel);
/* Queues by the rules of the configuration, if none of its requests is under way; nothing is sent until then. */
extern void respond_queue_adopt_order(CourierChannel *channel);
/* Channels that could send, but have no request under way. */
extern int	respond_queue_idle_channels(void);
/* Of an ordered channel: whether its subject may have a pending delivery with a lower number. */
extern bool respond_queue_may_be_behind(const Entry *entry);
/* Whether the table may hold something that is due before what is queued, by now. */
extern bool respond_queue_wants_page(CourierChannel *channel, TimestampTz now);
/* When something of the channel is due; DT_NOEND: nothing is. */
extern TimestampTz respond_queue_due(CourierChannel *channel);

/* courier_read.c: from the tables, each in a transaction of its own */

/* Reads the channels; all pending deliveries are looked at anew. */
extern void respond_courier_read_channels(void);
/* Queues what the table has for channels that want it; true when it read any. */
extern bool respond_courier_read_pages(TimestampTz now);
/*
 * Makes the channel's secret known if it has one.  False when it cannot be had;
 * the channel is then blocked for a while, with the reason.
 */
extern bool respond_courier_read_secret(CourierChannel *channel);
extern void respond_courier_forget_secret(CourierChannel *channel);
/* Where the WAL of everything ends that a snapshot sees which was taken before. */
extern XLogRecPtr respond_courier_end_of_wal(void);
/* Queues the first pending delivery of the subject whose number is higher than this; in a transaction. */
extern void respond_courier_queue_next(CourierChannel *channel, const char *subject, int64 after);

/* courier_fetch.c */
/*
 * Fetches the rows of entries and makes requests of them, flushed to disk.  Those
 * that are not pending any more, or wait for another one, are forgotten.
 * Should it raise an error, what it had made is in *list, and the entries that it
 * had not come to are not NULL.
 */
extern void respond_courier_fetch(Entry **entries, int count, Outgoing **list);
/* Up to where the synchronous standbys have the WAL; the highest position of all when none is set. */
extern XLogRecPtr respond_courier_confirmed(void);

/* courier_request.c */
/*
 * Fills in the transfer from the row's values, all in the request's memory
 * context.  Raises an error, or sets failure, when it cannot be sent.
 */
extern void respond_request_fill(Outgoing *outgoing, const char *url, Jsonb *headers,
								 const char **recipients, int recipient_count,
								 const char *body, const char *html, const char *mark, const char *definition,
								 TimestampTz created_at);

/* outcome.c */
/* What became of it, and what is to be done. */
extern Outcome *respond_outcome_judge(Outgoing *outgoing);
/* What a receiver said, fit for the database and without the channel's secret; NULL when it is empty. */
extern char *respond_outcome_clean(const Outgoing *outgoing, const char *bytes, size_t length);
/* It did not come about after all: it is tried again, or is dead. */
extern void respond_outcome_fail(Outcome *outcome, const char *error);

/* courier_record.c */
/*
 * Records outcomes in one transaction; each is then forgotten or queued again,
 * and its place in the array is NULL, also when an error is raised later.  Those
 * whose row somebody else has locked stay.  With one_by_one, and when it has
 * failed before, each has a transaction of its own, and an error of one stays its
 * own: it is logged, and the outcome stays in the array.
 */
extern void respond_courier_record(Outcome **outcomes, int count, bool one_by_one);

#endif							/* RESPOND_COURIER_H */
