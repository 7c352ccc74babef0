/*-------------------------------------------------------------------------
 * flow_callee.h
 *	  The rule that a step calls: found by room "rule", which stands below this one.
 *
 * src/flow/flow_callee.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_CALLEE_H
#define RESPOND_FLOW_CALLEE_H

#include "flow/flow_compile.h"

typedef struct FlowCallee
{
	const char *name;
	int32		version;		/* that of today */
	Oid			owner;
	Flow	   *flow;			/* good until the transaction ends */
	bool		open;			/* the caller may see what its owner sees */
	char	   *fault;			/* why it cannot be called: "does not exist"; NULL: it can */
} FlowCallee;

/* Finds it on behalf of a rule of this owner.  Set when the library is loaded. */
typedef void (*FlowFindCallee) (const char *name, Oid caller, FlowCallee *callee);
extern FlowFindCallee respond_flow_find_callee;

#endif							/* RESPOND_FLOW_CALLEE_H */
