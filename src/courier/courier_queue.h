/*-------------------------------------------------------------------------
 * courier_queue.h
 *	  The pending deliveries that the courier has in mind, channel by channel.
 *
 * src/courier/courier_queue.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_QUEUE_H
#define RESPOND_COURIER_QUEUE_H

#include "access/xlogdefs.h"

#include "common/shmem.h"
#include "courier/courier_channel.h"

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
	bool		given_up;		/* couriers died over it: it is not sent any more */
	bool		found_no_room;	/* its answer came when there was no memory for it */
} Entry;

extern void respond_courier_queue_open(void);

/* Gives the channel an empty queue. */
extern void respond_courier_queue_create(CourierChannel *channel);

/* Forgets all that is queued. */
extern void respond_courier_queue_clear(CourierChannel *channel);

/* Of an empty queue, when its channel goes. */
extern void respond_courier_queue_free(CourierChannel *channel);

/*
 * Queues it, or leaves it to be found in the table.  written: its row is in the WAL before this; is_first: the
 * table says that it is the first of its subject.
 */
extern void respond_courier_queue_add(CourierChannel *channel, const DeliveryNotice *notice,
									  XLogRecPtr written, bool is_first);

/* The first of the queue, NULL when it is empty. */
extern Entry *respond_courier_queue_first(CourierChannel *channel);

/* Takes it out of the queue, to be sent. */
extern void respond_courier_queue_take(Entry *entry);

/* Puts what was taken back; its row is due then. */
extern void respond_courier_queue_put_back(Entry *entry, TimestampTz due);

/* Puts what was taken back, to be sent not before this time; its row stays as it is. */
extern void respond_courier_queue_hold_back(Entry *entry, TimestampTz after);

/* Forgets what was taken, for good. */
extern void respond_courier_queue_forget(Entry *entry);

/* Something pending that is due from this time on is to be found in the table. */
extern void respond_courier_queue_lower(CourierChannel *channel, TimestampTz due, int64 id);

/* All that is pending is to be found in the table. */
extern void respond_courier_queue_look_from_start(CourierChannel *channel);

/* Queues by the rules of the configuration, if none of its requests is under way; nothing is sent until then. */
extern void respond_courier_queue_adopt_order(CourierChannel *channel);

/* Of an ordered channel: whether its subject may have a pending delivery with a lower number. */
extern bool respond_courier_queue_may_be_behind(const Entry *entry);

/* Whether the table may hold something that is due before what is queued, by now. */
extern bool respond_courier_queue_wants_page(CourierChannel *channel, TimestampTz now);

/* When something of the channel is due; DT_NOEND: nothing is. */
extern TimestampTz respond_courier_queue_due(CourierChannel *channel);

#endif							/* RESPOND_COURIER_QUEUE_H */
