/*-------------------------------------------------------------------------
 * flow_pause.h
 *	  A run that waits: for what, and what ends it.
 *
 * A step whose execute() gives STEP_PAUSE fills in a FlowPause.  The run is laid
 * down there; what it waits for is armed in the same transaction.  Whatever comes
 * first ends the pause: all else is disarmed, and the step is executed again with
 * a FlowWake that says what it was.  It may end then, fail, or pause once more.
 *
 * src/flow/flow_pause.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_PAUSE_H
#define RESPOND_FLOW_PAUSE_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "event/event.h"

/* What a run waits for; as in respond.run.waits_for. */
#define PAUSE_EVENT		"event"
#define PAUSE_TIME		"time"
#define PAUSE_ANSWER	"answer"
#define PAUSE_CALLBACK	"callback"	/* the url that a request has named is called */
#define PAUSE_APPROVAL	"approval"
#define PAUSE_RUN		"run"
#define PAUSE_RETRY		"retry"
#define PAUSE_PLACE		"place"		/* among the runs that its rule allows at once */
#define PAUSE_TURN		"turn"		/* other work may be done before it continues, or its own events are heard */

/* One of several events of which the first ends the pause. */
typedef struct FlowAwaited
{
	int			alternative;	/* from 0 */
	const char *event_type;
	Jsonb	   *pattern;		/* NULL: any */
	const char *event_key;		/* path of the key in the event */
	const char *key;			/* what stands there */
} FlowAwaited;

typedef struct FlowPause
{
	/* filled in by the step */
	const char *waits_for;
	TimestampTz due_at;			/* DT_NOEND: none */
	List	   *events;			/* of FlowAwaited * */
	Jsonb	   *memo;			/* what the step has to remember; NULL: nothing */
	const char *what;			/* in words, for view respond.waiting; NULL: made of the above */
	const char *shown_what;		/* for those who may not read it; NULL: the same */

	/* filled in by step_limit.c */
	TimestampTz fails_at;		/* when the step has timed out; 0: its action limits the pause, or nothing does */

	/* filled in when it is armed */
	int32		number;			/* of the pauses of this run, from 1 */
	TimestampTz since;
	int64		timer;			/* of due_at; 0: none */
	Jsonb	   *place;			/* of the step in the order of events, if a wait may have to know; else NULL */
	int64		passed;			/* number of what has passed then, see late_key.c; 0: not asked for */
} FlowPause;

typedef enum FlowWakeKind
{
	WAKE_EVENT,
	WAKE_TIMEOUT,
	WAKE_ANSWER,
	WAKE_CALLBACK,
	WAKE_DECISION,
	WAKE_ENDED,					/* the run that it called */
	WAKE_TURN,
	WAKE_SIGNAL
} FlowWakeKind;

/* What ended a pause. */
typedef struct FlowWake
{
	FlowWakeKind kind;
	int			alternative;	/* WAKE_EVENT: which one */
	List	   *events;			/* of Event *: those that it took, oldest first */
	Jsonb	   *data;			/* of an answer, a decision, a signal; NULL: none */
} FlowWake;

#endif							/* RESPOND_FLOW_PAUSE_H */
