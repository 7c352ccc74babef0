/*-------------------------------------------------------------------------
 * flow_machine.h
 *	  The step machine: a run that is going on.
 *
 * Everything that a run has to remember between two attempts of steps stands in
 * FlowMachine and nowhere on the C stack: the position, the data chain, the lines
 * of the log and the last failure.  So a run can be laid down there and taken up
 * by another process; run_save.h has the form in which it lies.
 *
 * src/flow/flow_machine.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_MACHINE_H
#define RESPOND_FLOW_MACHINE_H

#include "effect/run.h"
#include "flow/flow_code.h"
#include "flow/flow_pause.h"
#include "owner/owner_tags.h"
#include "template/json_template_jsonb.h"
#include "template/template_jsonb.h"

/* Most steps that a run executes without a pause; beyond it jumps are taken for a loop. */
#define FLOW_MAX_EXECUTED		1000

/* Most bytes that the data chain of a run holds; it is passed to SQL and stored. */
#define FLOW_MAX_CHAIN			((Size) 16 * 1024 * 1024)
/* Most bytes of the log of a run, and of the text of an error. */
#define FLOW_MAX_LOG			((Size) 256 * 1024)

/* What templates can begin with: for each loop, its item and the number of that. */
#define FLOW_ROOTS				(RUN_ROOTS + 2 * FLOW_MAX_LOOPS + 1)

/* Where the run stands. */
typedef struct FlowPosition
{
	FlowPartNumber part;
	int			step;			/* to be executed next, FLOW_STOP at the end */
	int			executed;		/* steps since the last pause that took time, skipped ones included */
	int			attempts;		/* of the step to be executed next, that failed */
} FlowPosition;

/* How a run stands after an attempt of a step. */
typedef enum MachineStatus
{
	MACHINE_UNDER_WAY,
	MACHINE_SUCCEEDED,
	MACHINE_FAILED,
	MACHINE_PAUSED,				/* machine->pause says why */
	MACHINE_HANDED_OVER			/* the step at the position may wait, which is not done here */
} MachineStatus;

/* What a named step gave. */
typedef struct ChainEntry
{
	const char *name;
	Jsonb	   *value;
	Jsonb	   *shown;			/* to readers who may not see the value */
} ChainEntry;

/* Members of what a step gave that failed, which {{error.status}} and so on are. */
#define FLOW_FAILURE_DETAILS	3

/* Why a step failed. */
typedef struct FlowFailure
{
	const char *step;			/* name or place of the step; NULL: nothing failed */
	const char *message;
	const char *text;			/* message with detail and hint */
	const char *shown;			/* instead of them to those who may not read them */
	char		code[6];		/* SQLSTATE */
	bool		of_sql;			/* raised by what ran with the owner's rights */
	Jsonb	   *details;		/* what the step gave all the same, an object; NULL: nothing */
} FlowFailure;

/* An item that has become a run of its own. */
typedef struct LoopItemRun
{
	int64		run_id;
	int64		number;
} LoopItemRun;

/* A loop that the run is in. */
typedef struct LoopFrame
{
	const FlowStep *step;
	FlowPosition outer;			/* of the step */
	int			chain_base;		/* outputs behind these are those of its steps */
	int64		items;			/* all of them */
	int64		count;			/* elements: items, or batches of them */
	int64		next;			/* number of the element that comes next */
	bool		open;			/* the one before it is under way */
	Jsonb	   *item;			/* that one; NULL: none was yet */
	Jsonb	   *last;			/* what the last step for it gave; NULL: {} */
	Jsonb	   *window;			/* array of elements, one after the other; NULL: to be read */
	int64		first;			/* number of the first one in it */
	bool		stored;			/* those that are not in it lie beside the run */
	int64		succeeded;
	int64		failed;
	Jsonb	  **outputs;		/* by number; NULL where there is none */
	int64		output_count;
	Size		output_bytes;
	bool		truncated;		/* some were not kept */
	TimestampTz fails_at;		/* its timeout; 0: none */
	char	   *fault;			/* why no other item begins; NULL: nothing */
	List	   *runs;			/* of LoopItemRun *: those under way */
	bool		single;			/* this run is that of one item, and ends with it */
} LoopFrame;

typedef struct FlowMachine
{
	Flow	   *flow;
	FlowRun    *run;
	bool		dry;			/* render only: shadow and simulate() */
	bool		hides_errors;	/* dry: the record is for somebody who may not read messages of SQL */
	bool		blind;			/* dry: something was not done that later steps may build on */
	bool		changed;		/* dry: SQL was not run that may have changed what is looked up */
	MemoryContext context;		/* of this run */
	TimestampTz started_at;

	FlowPosition position;		/* in the innermost loop */
	int			loop_count;
	LoopFrame	loops[FLOW_MAX_LOOPS];	/* the outermost first */
	int64		turn_items;		/* since the run was taken up */
	int64		turn_steps;
	TimestampTz turn_began;
	FlowPause  *pause;			/* of the step at the position; NULL: it does not wait */
	TimestampTz ends;			/* when the pause of the step ends that begins anew; 0: as the step says */
	int32		pauses;			/* so many there were */
	bool		rested;			/* the pause before the next attempt is over */
	Jsonb	   *before;			/* place where the step before began, if it has waited; NULL: it began now */
	Jsonb	   *began;			/* place where the step at the position began, if it has waited; else NULL */
	Jsonb	   *beginning;		/* place where the run began, if a wait may have to know; else NULL */
	Jsonb	   *look_back;		/* out: the wait that begins hears from this place on; NULL: from now on */
	uint64		own_events;		/* bits of waits that may hear what the run has recorded since; see own_events.h */
	List	   *visited;		/* of FlowStep *: waits that an event ended and that the run may come to again */
	List	   *mailbox;		/* of Wait *: those that were armed in the last pause; see mailbox.h */
	ChainEntry *chain;
	int			chain_count;
	int			chain_size;
	Size		chain_bytes;
	List	   *log;			/* of char * */
	List	   *shown_log;		/* the same lines without what others may not read */
	bool		has_private;	/* chain or log have something that others may not see */
	Size		log_bytes;
	FlowFailure failure;		/* the last one */
	FlowFailure first_failure;	/* the one that led to on_failure, or why it was cancelled */
	int64		ticket_id;		/* ticket that the run opened or added to last, 0: none, -1: a dry one */

	/* of the step that is being executed */
	bool		contained;		/* an error raised now was rolled back by who raised it */
	bool		outspoken;		/* an error raised now has words of the rule's author for everybody */
	Jsonb	   *failure_details;	/* what an error raised now leaves of the step; NULL: nothing */
	const char *callback_url;	/* {{callback_url}} of its parameters; NULL: it has none */
	const char *callback_mark;	/* stands in it where the token goes; NULL in a dry run */
	bool		calling;		/* an error raised now is that of another run, whose effects it would tear */
	LoopFrame  *entering;		/* the loop that begins with it */
	const FlowTarget *target;	/* where it goes on; NULL: at on_success */

	/* what dry runs leave: [{"step": ..., "action": ..., "parameters": {...}}, ...] */
	JsonbParseState *record;
	JsonbParseState *shown_record;	/* without parameters and messages */
	Jsonb	   *parameters;		/* of the step that is being executed */

	/* what may leave the database; NULL: not made yet */
	const Event *outward_event;
	TemplateRoot outward_roots[FLOW_ROOTS];
	TemplateRoots outward_all;
	TemplateRoots outward_of_event;

	/* made from the above, for templates and SQL */
	Jsonb	   *chain_jsonb;	/* NULL: to be made */
	TemplateRoot roots[FLOW_ROOTS];	/* those of loops behind the others, and behind them what a step alone sees */
	SqlLocal	locals[2 * FLOW_MAX_LOOPS];
	TemplateRoots all;			/* over roots */
	TemplateRoots event;		/* over those of the event */
	TemplateRoot *chain_values;
	TemplateRoots steps;		/* over chain_values */
	TemplateRoot failure_values[3 + FLOW_FAILURE_DETAILS];
	TemplateRoots error;		/* over failure_values */
} FlowMachine;

/* A ticket that a dry run would have opened. */
#define FLOW_DRY_TICKET			((int64) -1)

/* Name of a step, or its place when it has none. */
extern const char *respond_step_label(const FlowStep *step);

/* Begins a run, in a memory context of its own, which is current then. */
extern void respond_machine_open(FlowMachine *machine, Flow *flow, FlowRun *run, bool dry);
/* Ends the array of records of a dry run. */
extern Jsonb *respond_machine_record(FlowMachine *machine);
extern Jsonb *respond_machine_shown_record(FlowMachine *machine);
/* Frees what the run used; the caller is in its own memory context again. */
extern void respond_machine_close(FlowMachine *machine);

/* Whether values of templates may be other than they would be in a run. */
extern bool respond_machine_is_blind(const FlowMachine *machine);

#endif							/* RESPOND_FLOW_MACHINE_H */
