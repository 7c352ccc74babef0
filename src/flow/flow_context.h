/*-------------------------------------------------------------------------
 * flow_context.h
 *	  What the templates of a run see.
 *
 * src/flow/flow_context.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_CONTEXT_H
#define RESPOND_FLOW_CONTEXT_H

#include "flow/flow_machine.h"

/* Once per run: the values that do not change. */
extern void respond_context_open(FlowMachine *machine);
/* The outermost context of templates as the run stands now. */
extern TemplateValue respond_context_root(FlowMachine *machine);

/* The same without what masks keep from leaving the database; and the event so. */
extern TemplateValue respond_context_outward_root(FlowMachine *machine);
extern const Event *respond_machine_outward_event(FlowMachine *machine);

#endif							/* RESPOND_FLOW_CONTEXT_H */
