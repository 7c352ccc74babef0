/*-------------------------------------------------------------------------
 * schedule_event.h
 *	  The events that a schedule records at one of its times.
 *
 * src/schedule/schedule_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_EVENT_H
#define RESPOND_SCHEDULE_EVENT_H

#include "event/event_write.h"
#include "schedule/schedule_set.h"

/* A time at which it fires. */
typedef struct Tick
{
	TimestampTz at;				/* DT_NOBEGIN: none, the times that were missed are left out */
	int64		missed;			/* how many missed times it stands for; 0: it was not missed */
	TimestampTz next;			/* the one after it; DT_NOEND: none */
} Tick;

typedef struct TickEvents
{
	NewEvent   *events;
	int			count;
} TickEvents;

/*
 * What is to be recorded, in the current memory context.  Runs the query of the
 * schedule, if it has one, as the owner; raises what that raises.
 */
extern void respond_schedule_events(Schedule *schedule, const Tick *tick, Oid owner, TickEvents *events);

#endif							/* RESPOND_SCHEDULE_EVENT_H */
