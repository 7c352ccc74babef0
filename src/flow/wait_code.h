/*-------------------------------------------------------------------------
 * wait_code.h
 *	  Action "wait", compiled: which events it waits for, and under which key.
 *
 * src/flow/wait_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_CODE_H
#define RESPOND_WAIT_CODE_H

#include "flow/flow_machine.h"

/* Places of its parameters. */
enum
{
	WAIT_FOR, WAIT_UNTIL, WAIT_EVENTS, WAIT_EVENT_TYPE, WAIT_PATTERN, WAIT_KEY, WAIT_EVENT_KEY, WAIT_ON_EVENT,
	WAIT_ON_TIMEOUT, WAIT_SINCE, WAIT_COLLECT,
	WAIT_PARAMETERS
};

/* Most alternatives of one wait, and most events that it collects. */
#define WAIT_MAX_EVENTS			32
#define WAIT_MAX_COLLECT		1000

/* From when on it hears events. */
typedef enum WaitBegin
{
	WAIT_FROM_PREVIOUS,			/* from where the step before it began */
	WAIT_FROM_RUN,
	WAIT_FROM_NOW
} WaitBegin;

typedef struct WaitAlternative
{
	const char *place;			/* "steps[1].events[0]", or that of the step */
	const char *event_type;
	Jsonb	   *pattern;		/* NULL: any */
	const Template *key;		/* NULL: the subject of the run's event */
	bool		key_needs_steps;	/* what earlier steps gave is in it */
	const char *event_key;
	FlowTarget *go_to;			/* NULL: on_success of the step */
} WaitAlternative;

typedef struct WaitCode
{
	int			count;
	WaitAlternative *alternatives;	/* none: it waits for a time alone */
	int			collect;		/* so many events */
	WaitBegin	since;
	FlowTarget *on_timeout;		/* NULL: on_success of the step */
} WaitCode;

/* Compiles what the table of actions does not describe, into step->code. */
extern void respond_wait_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);

/* One way of going on, but for where: its place is set. */
extern void respond_wait_alternative_compile(FlowCompiler *compiler, const JsonValue *value,
											 WaitAlternative *alternative);

/* The step's code, NULL when it is no wait. */
extern const WaitCode *respond_wait_code(const FlowStep *step);

/* Whether the key is an object or an array now, which counts as none. */
extern bool respond_wait_key_is_container(FlowMachine *machine, const WaitAlternative *alternative);

/* The key that the run waits under, palloc'd; empty when there is none. */
extern char *respond_wait_alternative_key(FlowMachine *machine, const WaitAlternative *alternative);

/* What the dispatcher has to look for. */
extern FlowAwaited *respond_wait_awaited(const WaitCode *code, int alternative, const char *key);

#endif							/* RESPOND_WAIT_CODE_H */
