/*-------------------------------------------------------------------------
 * run.h
 *	  The run of a flow, as its effects name it.
 *
 * src/effect/run.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_H
#define RESPOND_RUN_H

#include "storage/itemptr.h"

#include "common/shape.h"
#include "event/event.h"

extern const Shape respond_shape_run;

/* Columns of respond.run, in their order. */
enum
{
	RUN_ID, RUN_RULE, RUN_RULE_VERSION, RUN_EVENT_ID, RUN_STATUS, RUN_STEP, RUN_STATE, RUN_ERROR, RUN_REPLAY,
	RUN_STARTED_AT, RUN_FINISHED_AT, RUN_RESUME_AT, RUN_WAITS_FOR, RUN_KEY, RUN_PARENT_ID, RUN_PAUSED_AT, RUN_SAVED,
	RUN_WAITING_SINCE, RUN_WAITING, RUN_COLUMNS
};

/* Where the row of a run is that is under way. */
typedef struct RunPlace
{
	Oid			partition;
	ItemPointerData tid;
	const char *status;			/* as it was seen */
} RunPlace;

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
	const char *key;			/* name that start() gave it; NULL: none */
	int64		parent_id;		/* run that called it and waits for it; 0: none */
	TimestampTz parent_started_at;
	int32		parent_pause;	/* in which of its pauses it waits, 0: whichever */
	bool		is_inline;		/* the parent is going on in this process, and takes the end itself */
	MemoryContext end_context;	/* inline: where end lives */
	Jsonb	   *output;			/* out: of the last step, when it is that of one item of a loop */
	Jsonb	   *end;			/* out, inline: how it ended; NULL: it waits */
	bool		may_pause;		/* here is where runs wait; else they are handed over in front of a step that may */
	const RunPlace *place;		/* of its row; NULL: there is none yet */
	TimestampTz started_at;		/* with a place: what finds its partition */
	bool		cancelled;		/* what it does now follows from that: however it ends, it was cancelled */
	Jsonb	   *saved;			/* as it was found; kept when it fails before it is taken up; NULL: nothing is */
	const Event *woken_by;		/* with which it continues; NULL: no event */
	Jsonb	   *(*where) (void);	/* where it stands in the order of events, for who takes it over */
	void		(*laid_down) (int64 run_id);	/* told of a run that waits for the first time; NULL: nobody is */
	const Event *(*fetch_event) (int64 id);	/* from the log; NULL when it is not there any more */
} FlowRun;

/* The event that led to what the run does now; 0: none. */
extern int64 respond_run_cause(const FlowRun *run);
/* How many events caused each other up to now. */
extern int32 respond_run_depth(const FlowRun *run);

#endif							/* RESPOND_RUN_H */
