/*-------------------------------------------------------------------------
 * approve_code.h
 *	  Action "approve", compiled: what may be answered, and where each answer leads.
 *
 * src/flow/approve_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPROVE_CODE_H
#define RESPOND_APPROVE_CODE_H

#include "flow/flow_code.h"

/* Places of its parameters. */
enum
{
	APPROVE_QUESTION, APPROVE_APPROVERS, APPROVE_CONTEXT, APPROVE_FOR, APPROVE_REMIND_EVERY, APPROVE_ESCALATE_AFTER,
	APPROVE_ESCALATE_TO, APPROVE_OPTIONS, APPROVE_QUORUM, APPROVE_SELF_APPROVAL, APPROVE_DENY_WINS,
	APPROVE_ON_APPROVE, APPROVE_ON_REJECT, APPROVE_ON, APPROVE_ON_TIMEOUT,
	APPROVE_PARAMETERS
};

/* Longest question, in bytes. */
#define APPROVE_MAX_QUESTION	(16 * 1024)

/* Most options, and bytes of each; most approvers that are written down; largest quorum. */
#define APPROVE_MAX_OPTIONS		32
#define APPROVE_MAX_OPTION		63
#define APPROVE_MAX_APPROVERS	100
#define APPROVE_MAX_QUORUM		1000

/* Shortest time between two reminders, in ms. */
#define APPROVE_SHORTEST_REMINDER	1000

typedef struct ApproveCode
{
	int			option_count;
	const char **options;
	FlowTarget **targets;		/* of the options; NULL: none of its own */
	int			quorum;			/* 0: all who were asked */
	bool		self_approval;
	bool		deny_wins;
	FlowTarget *on_timeout;
} ApproveCode;

/* Compiles what the table of actions does not describe, into step->code. */
extern void respond_approve_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);

#endif							/* RESPOND_APPROVE_CODE_H */
