/*-------------------------------------------------------------------------
 * run_roots.h
 *	  What the templates and the SQL of a rule can name: its event, and its run.
 *
 * src/effect/run_roots.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_ROOTS_H
#define RESPOND_RUN_ROOTS_H

#include "event/event_roots.h"

/* The fields of the event come first, numbered as in EventRoot. */
typedef enum RunRoot
{
	RUN_ROOT_EVENT = EVENT_ROOTS,	/* they once more, as members: event.id ... */
	RUN_ROOT_STEPS,
	RUN_ROOT_RULE,
	RUN_ROOT_RUN_ID,
	RUN_ROOT_ERROR,
	RUN_ROOTS
} RunRoot;

extern const char *respond_run_root_name(int root);

/* The root of that name, RUN_ROOTS when there is none. */
extern int	respond_run_root_find(const char *name, size_t length);

#endif							/* RESPOND_RUN_ROOTS_H */
