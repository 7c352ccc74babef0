/*-------------------------------------------------------------------------
 * timer_mark.h
 *	  How far the reader of timers has come, in its memory.
 *
 * src/timer/timer_mark.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_MARK_H
#define RESPOND_TIMER_MARK_H

#include "timer/timer.h"
#include "timer/timer_key.h"

typedef struct TimerMark
{
	int64		incarnation;	/* whose timers it is about; 0: nothing is known */
	TimerKey	at;				/* no timer before it waits, as this transaction sees it */
	bool		passing;		/* an earlier process said so, or a note: it is being looked at */
	TimerKey	pass;			/* up to here that was done */
	TimestampTz next;			/* when something is due, as far as is known */
	TimerKey	avoided;		/* the first one that somebody was deleting */
	TimestampTz avoided_until;	/* then it is looked at again; DT_NOEND: there is none */
} TimerMark;

/*
 * The mark, in the reader and in a transaction, after all that was noted by
 * others was taken into account.
 */
extern TimerMark *respond_timer_mark_open(TimerReader reader);

/* As it is; for looking at without a transaction. */
extern const TimerMark *respond_timer_mark_peek(TimerReader reader);

/* Whether mark_open() has anything to do. */
extern bool respond_timer_mark_is_stale(TimerReader reader);

/* The reader itself has armed a timer, or deleted one. */
extern void respond_timer_mark_armed(TimerReader reader, TimerKey key);
extern void respond_timer_mark_deleted(TimerReader reader);

/* Publishes when something is due. */
extern void respond_timer_mark_set_next(TimerReader reader, TimestampTz next);

/*
 * How far a reader has come and when it expects something to be due, as it has
 * told; for whoever keeps that over a restart of the server.  Restoring it has no
 * effect once the reader has come further.
 */
extern TimestampTz respond_timer_mark_passed(TimerReader reader);
extern bool respond_timer_mark_waits(TimerReader reader);
extern void respond_timer_mark_restore(TimerReader reader, TimestampTz passed);

extern void respond_timer_mark_initialize(void);

#endif							/* RESPOND_TIMER_MARK_H */
