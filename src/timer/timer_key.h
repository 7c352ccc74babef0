/*-------------------------------------------------------------------------
 * timer_key.h
 *	  The place of a timer in the order in which timers are due.
 *
 * src/timer/timer_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_KEY_H
#define RESPOND_TIMER_KEY_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef struct TimerKey
{
	TimestampTz due_at;
	int64		id;
} TimerKey;

/* Before all timers. */
#define TIMER_KEY_FIRST	((TimerKey) {DT_NOBEGIN, PG_INT64_MIN})

static inline int
respond_timer_key_compare(TimerKey a, TimerKey b)
{
	if (a.due_at != b.due_at)
		return a.due_at < b.due_at ? -1 : 1;
	return a.id == b.id ? 0 : a.id < b.id ? -1 : 1;
}

static inline TimerKey
respond_timer_key_earlier(TimerKey a, TimerKey b)
{
	return respond_timer_key_compare(a, b) <= 0 ? a : b;
}

/* The first one behind it. */
static inline TimerKey
respond_timer_key_after(TimerKey key)
{
	return key.id < PG_INT64_MAX ? (TimerKey) {key.due_at, key.id + 1} : (TimerKey) {key.due_at + 1, PG_INT64_MIN};
}

#endif							/* RESPOND_TIMER_KEY_H */
