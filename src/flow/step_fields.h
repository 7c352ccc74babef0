/*-------------------------------------------------------------------------
 * step_fields.h
 *	  The fields that every action has.
 *
 * src/flow/step_fields.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_FIELDS_H
#define RESPOND_STEP_FIELDS_H


/* Whether a member of a step is one of the fields that every action has. */
extern bool respond_step_is_common_field(const char *name);
extern const char *respond_step_common_fields(void);

#endif							/* RESPOND_STEP_FIELDS_H */
