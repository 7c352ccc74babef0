/*-------------------------------------------------------------------------
 * action_registry.h
 *	  The table of actions.
 *
 * src/flow/action_registry.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_REGISTRY_H
#define RESPOND_ACTION_REGISTRY_H

#include "flow/action.h"

/* The table, available and unavailable actions. */
extern const Action respond_actions[];
extern const int respond_action_count;

/* NULL when there is none of that name. */
extern const Action *respond_action_find(const char *name);

/* Names of the available actions, separated by commas; palloc'd. */
extern char *respond_action_names(void);

#endif							/* RESPOND_ACTION_REGISTRY_H */
