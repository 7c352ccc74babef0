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
	PARAMETER_EXPRESSION		/* SQL expression */
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

struct FlowMachine;
struct FlowStep;

/* A step that is being run. */
typedef struct StepCall
{
	struct FlowMachine *machine;
	const struct FlowStep *step;
	const StepValue *values;	/* in the order of the action's parameters */
	Jsonb	   *output;			/* out: what later steps see as steps.NAME; NULL: {} */
} StepCall;

/* A step that fails raises an error instead; see flow_failure.h. */
typedef enum StepResult
{
	STEP_DONE,					/* go on behind the step */
	STEP_STOP					/* end the run, it succeeded */
} StepResult;

typedef struct Action
{
	const char *name;
	bool		available;		/* false: known, but of a later version */
	bool		pure;			/* called in dry runs, too, and has no effects then */
	bool		private;		/* its output is for the rule's owner: it may hold rows, or what was made of them */
	const ParameterSpec *parameters;
	int			parameter_count;
	uint32		one_of;			/* bits of parameters of which at least one is needed */
	uint32		exclusive;		/* bits of parameters of which at most one may be given */
	StepResult	(*execute) (StepCall *call);
} Action;

/* The table, available and unavailable actions. */
extern const Action respond_actions[];
extern const int respond_action_count;

/* NULL when there is none of that name. */
extern const Action *respond_action_find(const char *name);

/* Names of the available actions, separated by commas; palloc'd. */
extern char *respond_action_names(void);

/* Statuses, priorities and kinds of comments, as the desk has them. */
extern const char *const respond_ticket_statuses[];
extern const char *const respond_ticket_priorities[];
extern const char *const respond_comment_kinds[];

/*
 * Places of parameters in StepCall.values; the same order as in the registry.
 * Everything that a ticket consists of comes in the same order for the actions
 * that take it.
 */
enum
{
	TICKET_SUBJECT, TICKET_DESCRIPTION, TICKET_STATUS, TICKET_PRIORITY, TICKET_TEAM,
	TICKET_ASSIGNEE, TICKET_REQUESTER, TICKET_TAGS, TICKET_FIELDS, TICKET_KEY,
	TICKET_ID					/* not of action ticket */
};
enum
{
	COMMENT_BODY, COMMENT_KIND, COMMENT_AUTHOR, COMMENT_KEY, COMMENT_TICKET
};
enum
{
	ASSIGN_TEAM, ASSIGN_ASSIGNEE, ASSIGN_KEY, ASSIGN_TICKET
};
enum
{
	EMIT_TYPE, EMIT_DATA, EMIT_SUBJECT, EMIT_SOURCE, EMIT_KEY, EMIT_TIME
};
enum
{
	SQL_STATEMENT
};
enum
{
	SET_VALUES, SET_EXPRESSION
};
enum
{
	MESSAGE_TEXT				/* of log, fail and stop */
};

enum
{
	NOTIFY_CHANNEL, NOTIFY_TEXT, NOTIFY_BODY, NOTIFY_SUBJECT, NOTIFY_TO, NOTIFY_OPTIONS
};
enum
{
	EMAIL_CHANNEL, EMAIL_TO, EMAIL_CC, EMAIL_BCC, EMAIL_REPLY_TO, EMAIL_SUBJECT, EMAIL_TEXT, EMAIL_HTML,
	EMAIL_OPTIONS
};

extern StepResult respond_action_notify(StepCall *call);
extern StepResult respond_action_email(StepCall *call);
extern StepResult respond_action_ticket(StepCall *call);
extern StepResult respond_action_update_ticket(StepCall *call);
extern StepResult respond_action_comment(StepCall *call);
extern StepResult respond_action_assign(StepCall *call);
extern StepResult respond_action_emit(StepCall *call);
extern StepResult respond_action_sql(StepCall *call);
extern StepResult respond_action_set(StepCall *call);
extern StepResult respond_action_log(StepCall *call);
extern StepResult respond_action_fail(StepCall *call);
extern StepResult respond_action_stop(StepCall *call);

#endif							/* RESPOND_ACTION_H */
