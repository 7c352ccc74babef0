/*-------------------------------------------------------------------------
 * flow_code.h
 *	  A compiled flow, as its compiler and the step machine share it.
 *
 * src/flow/flow_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_CODE_H
#define RESPOND_FLOW_CODE_H

#include "pgtime.h"

#include "common/arena.h"
#include "common/json_value.h"
#include "effect/run_roots.h"
#include "flow/action.h"
#include "flow/flow_compile.h"
#include "owner/owner_sql.h"
#include "template/json_template.h"

/* Most steps of one array. */
#define FLOW_MAX_STEPS			1000
/* Most loops inside each other. */
#define FLOW_MAX_LOOPS			4
/* Most attempts of one step. */
#define FLOW_MAX_ATTEMPTS		100
/* Longest name of a step, in bytes. */
#define FLOW_MAX_NAME			63

/* Where a step goes on; 0 and more: a step of the same part. */
#define FLOW_NEXT				(-1)	/* the step behind it; after a failure: on_failure */
#define FLOW_STOP				(-2)
/* What the parameters of a request name that wants to be called back. */
#define CALLBACK_URL_ROOT		"callback_url"

/* What stands for it where a step is named. */
#define FLOW_STOP_NAME			"stop"

/* SQL of a step.  Prepared when compiled, or else at first use. */
typedef struct FlowSql
{
	OwnerSqlKind kind;
	const char *text;
	const char *place;			/* "steps[2].if" */
	int			timeout;		/* milliseconds, 0: that of the settings */
	const char *const *locals;	/* names that are known there, NULL at the end */
	OwnerSql   *sql;			/* NULL until prepared */
} FlowSql;

/* One parameter of a step; which of the three is used depends on its kind. */
typedef struct FlowParameter
{
	bool		given;
	bool		is_null;		/* JSON null */
	const Template *text;
	const JsonTemplate *json;
	FlowSql    *sql;
} FlowParameter;

/* The step that a field of a step names. */
typedef struct FlowTarget
{
	struct FlowTarget *next;	/* of the same step */
	const char *field;			/* "on_success", "events[1].go_to" */
	const char *name;
	int			index;			/* of the same part, or FLOW_STOP */
} FlowTarget;

typedef struct FlowStep
{
	const Action *action;
	const char *place;			/* "steps[2]" */
	const char *name;			/* NULL: none */
	FlowSql    *condition;		/* NULL: always */
	FlowTarget *targets;		/* all steps that it names */
	FlowTarget *on_success;		/* NULL: the next step */
	FlowTarget *on_failure;		/* NULL: on_failure of the rule */
	int			max_attempts;
	int64		retry_after;	/* milliseconds before the second attempt, each one twice as long; 0: none */
	int64		timeout;		/* milliseconds, 0: none of its own */
	uint64		own_events;		/* bits of waits that may hear what the step records; see own_events.h */
	uint64		hears_from;		/* bits of waits that hear from where the step begins on */
	void	   *code;			/* what the action has compiled for itself */
	FlowParameter *parameters;	/* in the order of the action's specs */
} FlowStep;

/* steps, or on_failure: an array of steps that is run in order. */
typedef struct FlowPart
{
	const char *place;
	int			count;
	FlowStep   *steps;
} FlowPart;

typedef enum FlowPartNumber
{
	FLOW_STEPS,
	FLOW_ON_FAILURE,
	FLOW_ON_CANCEL,
	FLOW_PARTS
} FlowPartNumber;

struct Flow
{
	MemoryContext context;
	Oid			owner;
	const pg_tz *timezone;		/* days and months are counted in it */
	uint32		roots;			/* bits of RunRoot: which of them its templates may read */
	FlowPart	parts[FLOW_PARTS];
	uint64		waits;			/* bits of all waits that do not hear from the start of the run on */
	FlowStep   *cancel;			/* see cancel_code.h; NULL: no event cancels its runs */
	bool		may_wait;		/* its runs may, at steps or for a place, or be cancelled by an event */
	struct PlaceCode *places;	/* see place_code.h; NULL: any number of its runs may be under way */
};

/* What compiling a flow needs at hand. */
typedef struct FlowCompiler
{
	Flow	   *flow;
	Arena	   *arena;			/* in the flow's context, for its templates */
	bool		check_sql;
	int			loops;			/* around the steps that are being compiled */
	const char *const *locals;	/* what tags may begin with there; NULL: nothing more */
	void		(*compile_part) (struct FlowCompiler *compiler, FlowPart *part, const JsonValue *steps);
} FlowCompiler;

#endif							/* RESPOND_FLOW_CODE_H */
