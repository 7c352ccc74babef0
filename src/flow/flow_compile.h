/*-------------------------------------------------------------------------
 * flow_compile.h
 *	  Flows: the steps of a rule, compiled.
 *
 * src/flow/flow_compile.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_COMPILE_H
#define RESPOND_FLOW_COMPILE_H

#include "utils/jsonb.h"

typedef struct Flow Flow;

/* What a flow is made from; documents are NULL where there is none. */
typedef struct FlowSource
{
	Jsonb	   *steps;
	Jsonb	   *on_failure;
	Jsonb	   *on_cancel;
	Jsonb	   *cancel_on;
	Jsonb	   *concurrency;
	const char *timezone;		/* NULL: UTC */
	Oid			owner;
} FlowSource;

/*
 * Compiles the steps of a rule.  Raises ERRCODE_RESPOND_INVALID_RULE with the
 * place ("steps[2].to: ...").  With check_sql the SQL in it is parsed as the owner
 * too; without, at first use.
 */
extern Flow *respond_flow_compile(const FlowSource *source, bool check_sql, MemoryContext context);

/* Whether runs of the flow may hear events after they began. */
extern bool respond_flow_may_wait(const Flow *flow);

#endif							/* RESPOND_FLOW_COMPILE_H */
