/*-------------------------------------------------------------------------
 * run.h
 *	  The run of a flow, as its effects name it.
 *
 * src/effect/run.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_H
#define RESPOND_RUN_H

#include "common/shape.h"
#include "event/event.h"

extern const Shape respond_shape_run;

/* What a flow is run for. */
typedef struct FlowRun
{
	const char *rule;
	int32		rule_version;
	Oid			owner;
	const Event *event;			/* NULL for a run that was started by hand without one */
	bool		shadow;			/* the run is recorded, and nothing else */
	bool		replay;
	int64		run_id;			/* 0: a new one is given; out: that of the run */
} FlowRun;

#endif							/* RESPOND_RUN_H */
