/*-------------------------------------------------------------------------
 * run_move.h
 *	  A saved run goes over to another version of its rule.
 *
 * src/flow/run_move.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_MOVE_H
#define RESPOND_RUN_MOVE_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#include "flow/flow_code.h"

typedef struct RunMove
{
	const Flow *from;
	const Flow *to;
	int32		version;		/* of the second */
	Jsonb	   *steps;			/* {old name: new name}; others keep theirs */
} RunMove;

/* Whether a step was executed, or the run stands elsewhere than at the first one.  If not, it begins at the first. */
extern bool respond_run_has_begun(const RunMove *move, Jsonb *saved);

/* Name of the step in the new version, palloc'd. */
extern char *respond_run_moved_name(const RunMove *move, const char *label);

/* Why the run cannot go over, palloc'd; NULL: it can. */
extern char *respond_run_move_fault(const RunMove *move, Jsonb *saved);

/* The step at which the run, which can go over, stands there, as people call it. */
extern const char *respond_run_moved_step(const RunMove *move, Jsonb *saved);

/*
 * The run in the new version; one that has not begun is in no pause there.  With
 * timer it waits for that, which is due, and then begins its step anew; the step
 * ends when it would have ended.
 */
extern Jsonb *respond_run_moved(const RunMove *move, Jsonb *saved, int64 timer, TimestampTz due_at);

/* The waits (Wait *) as they are to be armed for it: what they hear from now on is kept for when the step begins. */
extern List *respond_run_moved_waits(const RunMove *move, Jsonb *saved, List *waits);

#endif							/* RESPOND_RUN_MOVE_H */
