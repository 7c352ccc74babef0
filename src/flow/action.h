/*-------------------------------------------------------------------------
 * action.h
 *	  What steps can do: names, parameters, and the function behind each.
 *
 * One table (action_registry.c) describes every action.  Validation reads it to
 * check a step, execution to render the parameters and to call the function, so
 * the two cannot disagree.
 *
 * src/flow/action.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_H
#define RESPOND_ACTION_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "owner/owner_sql.h"

typedef enum ParameterKind
{
	PARAMETER_TEXT,				/* template */
	PARAMETER_WORD,				/* template that gives one of the spec's words */
	PARAMETER_ID,				/* number, or template that gives one */
	PARAMETER_TIME,				/* template that gives a timestamp */
	PARAMETER_TAGS,				/* array of templates, or template that gives an array */
	PARAMETER_OBJECT,			/* object of templates, or one tag that gives an object */
	PARAMETER_JSON,				/* any JSON value, its strings are templates */
	PARAMETER_CHANNEL,			/* template that names a channel; comes first */
	PARAMETER_STATEMENT,		/* SQL statement */
	PARAMETER_EXPRESSION,		/* SQL expression */
	PARAMETER_OWN				/* compiled by the action itself */
} ParameterKind;

typedef struct ParameterSpec
{
	const char *name;
	ParameterKind kind;
	bool		required;
	bool		filled;			/* when it is given it must not come out empty */
	bool		nullable;		/* JSON null may be given: it clears the field */
	bool		outward;		/* leaves the database: escaped as the channel asks for, without
								 * what masks keep back */
	bool		html;			/* values are escaped for HTML */
	bool		url;			/* values are escaped for a url */
	bool		plain;			/* outward, but not escaped as the channel asks for */
	bool		addresses;		/* may hold mail addresses, which tags must not add to */
	const char *aliases[2];		/* other names of it, NULL when fewer */
	const char *const *words;	/* PARAMETER_WORD: legal values, NULL at the end */
} ParameterSpec;

/* A parameter of a step that is being run, rendered. */
typedef struct StepValue
{
	bool		given;			/* was written down and did not come out empty */
	bool		is_null;		/* JSON null was written down */
	char	   *text;			/* TEXT, WORD */
	int64		number;			/* ID */
	TimestampTz time;			/* TIME */
	char	  **tags;			/* TAGS */
	int			tag_count;
	const char *fault;			/* TAGS, OBJECT: what is wrong with an address, NULL: nothing */
	Jsonb	   *json;			/* OBJECT, JSON */
	const struct Channel *channel;	/* CHANNEL */
	OwnerSql   *sql;			/* STATEMENT, EXPRESSION */
} StepValue;

/* The text of a parameter; NULL: none was given. */
static inline const char *
respond_step_text(const StepValue *value)
{
	return value->given && !value->is_null ? value->text : NULL;
}

struct FlowCompiler;
struct FlowMachine;
struct FlowPause;
struct FlowStep;
struct FlowTarget;
struct FlowWake;
struct JsonValue;
struct LoopFrame;

/* A step that is being run. */
typedef struct StepCall
{
	struct FlowMachine *machine;
	const struct FlowStep *step;
	const struct FlowWake *wake;	/* what ended its pause; NULL: the step begins */
	const StepValue *values;	/* in the order of the action's parameters; NULL when it was woken */
	struct FlowPause *pause;	/* the pause that ends; out, with STEP_PAUSE: the one that begins */
	Jsonb	   *output;			/* out: what later steps see as steps.NAME; NULL: {} */
	Jsonb	   *shown;			/* out: what others see of it; NULL: what the action says */
	struct LoopFrame *loop;		/* out, with STEP_LOOP: the loop that begins */
	const struct FlowTarget *target;	/* out: where to go on; NULL: at on_success */
} StepCall;

/* A step that fails raises an error instead; see flow_run.c. */
typedef enum StepResult
{
	STEP_DONE,					/* go on behind the step */
	STEP_STOP,					/* end the run, it succeeded */
	STEP_LOOP,					/* its own steps come next, for each item */
	STEP_PAUSE					/* the run waits; then the step is executed again, with call->wake */
} StepResult;

typedef struct Action
{
	const char *name;
	bool		available;		/* false: known, but of a later version */
	bool		pure;			/* called in dry runs, too, and has no effects then */
	bool		private;		/* its output is for the rule's owner: it may hold rows, or what was made of them */
	const char *shown;			/* the member of a private output that everybody sees; NULL: none */
	bool		own_attempts;	/* it tries as often as the step says by itself */
	bool		pauses;			/* the run may wait in it */
	bool		loops;			/* it has steps of its own */
	const char *records;		/* types of the events that it may record, but for those of its SQL; NULL: none */
	const ParameterSpec *parameters;
	int			parameter_count;
	uint32		one_of;			/* bits of parameters of which at least one is needed */
	uint32		exclusive;		/* bits of parameters of which at most one may be given */
	void		(*compile) (struct FlowCompiler *compiler, const struct JsonValue *value, struct FlowStep *step);
	/* before its parameters are rendered; NULL: nothing */
	void		(*prepare) (struct FlowMachine *machine, const struct FlowStep *step);
	StepResult	(*execute) (StepCall *call);
	/* after its last pause, however it came out; NULL: nothing */
	void		(*ended) (struct FlowMachine *machine, const struct FlowPause *pause);
} Action;

#endif							/* RESPOND_ACTION_H */
