/*-------------------------------------------------------------------------
 * timer_note.h
 *	  Telling the reader of timers, after the commit, of those that others armed.
 *
 * src/timer/timer_note.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_NOTE_H
#define RESPOND_TIMER_NOTE_H

#include "timer/timer.h"

/* A note that says: look at all of them. */
#define TIMER_NOTE_ALL	DT_NOBEGIN

/* No note. */
#define TIMER_NOTE_NONE	DT_NOEND

/* Whether this process is the reader. */
extern bool respond_timer_is_reader(TimerReader reader);

/* The commit of the current transaction shall tell the reader that a timer is due at this time. */
extern void respond_timer_note(TimerReader reader, TimestampTz due_at);

/*
 * For the reader.  take gives the earliest time that was noted since it was last
 * taken.  The rows are visible to snapshots that are taken later.
 */
extern bool respond_timer_note_waits(TimerReader reader);
extern TimestampTz respond_timer_note_take(TimerReader reader);

extern void respond_timer_note_initialize(void);

#endif							/* RESPOND_TIMER_NOTE_H */
