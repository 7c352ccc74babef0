/*-------------------------------------------------------------------------
 * run_edit.h
 *	  Changing a saved run without taking it up.
 *
 * src/flow/run_edit.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_EDIT_H
#define RESPOND_RUN_EDIT_H

#include "utils/jsonb.h"

#include "flow/flow_code.h"

/* The document with this member, or without it when value is NULL; palloc'd. */
extern Jsonb *respond_run_set_member(Jsonb *saved, const char *name, Jsonb *value);

/*
 * The step that people call by this name or, when it has none, by its place; NULL: there
 * is none in this array of steps.
 */
extern const FlowStep *respond_run_find_step(const FlowPart *part, const char *label);

/*
 * The run as it is to begin anew at this step of the flow, of this version of its
 * rule: with what the steps gave that the version has, and without failures.
 */
extern Jsonb *respond_run_turn_back(Jsonb *saved, const Flow *flow, int32 version, const FlowStep *step);

/*
 * The run at this step of this array of another version: with what steps gave that
 * the version has, under the names that names gives them (NULL: their own).
 */
extern Jsonb *respond_run_put_over(Jsonb *saved, const Flow *flow, const FlowPart *part, const FlowStep *step,
								   int32 version, Jsonb *names);

/* The step at which it failed, or was cancelled, as people call it; palloc'd. */
extern char *respond_run_failed_step(Jsonb *saved);

#endif							/* RESPOND_RUN_EDIT_H */
