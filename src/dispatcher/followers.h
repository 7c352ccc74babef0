/*-------------------------------------------------------------------------
 * followers.h
 *	  Runs that have to look back.
 *
 * src/dispatcher/followers.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FOLLOWERS_H
#define RESPOND_FOLLOWERS_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "dispatcher/cursor.h"

typedef struct Follower
{
	int64		run_id;
	Jsonb	   *document;		/* of the place */
	const Cursor *place;		/* what it has heard, or what came before it; NULL: to be read */
	int64		incarnation;	/* of the database in whose log that is */
	int64		behind;			/* it hears what comes behind this event, 0: all */
	bool		at_pause;		/* only the step that it stands at hears */
	bool		ended;			/* that step has ended */
	TimestampTz armed_from;		/* only waits hear that were armed then or later */
} Follower;

/*
 * The waits of the run have to hear, in the order of the log, what this
 * dispatcher has handled since that place.  at_pause: only the step that the run
 * stands at, until it ends; otherwise all, and those that the run comes to.
 */
extern void respond_followers_add(int64 run_id, const Jsonb *place, bool at_pause);

/* The run went on late, at a time: what it arms from then on would have been armed at that place. */
extern void respond_followers_add_late(int64 run_id, const Jsonb *place, TimestampTz armed_from);

/* The run waits for the first time; if it began at a place of before, it follows from there on. */
extern void respond_followers_add_new(int64 run_id);

/* Whether it is one of them. */
extern bool respond_followers_have(int64 run_id);

/* Whether one of them is not at a pause. */
extern bool respond_followers_are_late(void);

/* All of them, until another is added or they are forgotten. */
extern const Follower *respond_followers(int *count);
extern void respond_followers_forget(void);

#endif							/* RESPOND_FOLLOWERS_H */
