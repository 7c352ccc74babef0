/*-------------------------------------------------------------------------
 * step_fields.h
 *	  The fields of a step.
 *
 * src/flow/step_fields.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_FIELDS_H
#define RESPOND_STEP_FIELDS_H

#include "flow/flow_code.h"


/* Whether a member of a step is one of the fields that every action has. */
extern bool respond_step_is_common_field(const char *name);
extern const char *respond_step_common_fields(void);

/* The member of that name; NULL when there is none. */
extern const JsonValue *respond_step_member(const JsonValue *object, const char *name);

/*
 * Notes that a field of the step names a step of the same array, which is looked
 * for when all are known.  value NULL, which is a field that was not given, gives NULL.
 */
extern FlowTarget *respond_step_add_target(FlowCompiler *compiler, FlowStep *step, const char *field,
										   const JsonValue *value);

#endif							/* RESPOND_STEP_FIELDS_H */
