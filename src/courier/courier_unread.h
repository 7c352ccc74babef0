/*-------------------------------------------------------------------------
 * courier_unread.h
 *	  Which pending deliveries of a channel are to be found in the table only.
 *
 * What is pending and not queued has a (due, id) beyond that of the channel's
 * Unread, if there is any.
 *
 * In an ordered channel the queue has the first pending delivery of each subject.
 * The others are found by walking through the subjects, page by page: there is
 * something unread while such a walk is wanted.
 *
 * src/courier/courier_unread.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_UNREAD_H
#define RESPOND_COURIER_UNREAD_H

#include "datatype/timestamp.h"

/* Written by courier_unread.c alone. */
typedef struct Unread
{
	bool		any;			/* else all that is pending is queued */
	TimestampTz due;			/* ordered: the earliest of those that had no place in the queue */
	int64		id;				/* not ordered */

	/* ordered */
	char	   *subject;		/* how far the walk has got; NULL: it begins with the first */
	bool		again;			/* another walk is wanted when this one has ended */
	TimestampTz after;			/* the next walk does not begin before */
	TimestampTz walk_ended_at;	/* when the last one did */
} Unread;

/* All that is pending. */
extern void respond_courier_unread_all(Unread *unread);

/* Nothing, for good. */
extern void respond_courier_unread_close(Unread *unread);

/* Also something that is due then. */
extern void respond_courier_unread_add(Unread *unread, bool ordered, TimestampTz due, int64 id);

/* Not ordered: whether a look into the table is going to find it. */
extern bool respond_courier_unread_holds(const Unread *unread, TimestampTz due, int64 id);

/*
 * A page was read, up to this delivery, and there may be more; or the last one
 * was.  Called before what it holds is queued, since that may find no place.
 */
extern void respond_courier_unread_page(Unread *unread, TimestampTz due, int64 id);
extern void respond_courier_unread_last_page(Unread *unread);

/* A page of a walk was read, up to this subject; NULL: it was empty.  Called before what it holds is queued. */
extern void respond_courier_unread_walk(Unread *unread, const char *subject);

/* That was the last page, and what it holds is queued. */
extern void respond_courier_unread_end_walk(Unread *unread, TimestampTz now);

#endif							/* RESPOND_COURIER_UNREAD_H */
