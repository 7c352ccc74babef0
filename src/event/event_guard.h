/*-------------------------------------------------------------------------
 * event_guard.h
 *	  Recorded events stay as they are.
 *
 * src/event/event_guard.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_GUARD_H
#define RESPOND_EVENT_GUARD_H

#include "postgres.h"

/*
 * Lets SQL of our own change rows of the log; returns what was in force before,
 * which the caller puts back, in a PG_FINALLY block too.
 */
extern bool respond_event_guard_lift(bool lifted);

#endif							/* RESPOND_EVENT_GUARD_H */
