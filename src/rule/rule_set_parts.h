/*-------------------------------------------------------------------------
 * rule_set_parts.h
 *	  Parts of a rule set that have files of their own: mutes and routes.
 *
 * src/rule/rule_set_parts.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_SET_PARTS_H
#define RESPOND_RULE_SET_PARTS_H

#include "event/event.h"

typedef struct MuteSet MuteSet;
typedef struct RouteSet RouteSet;

/* Reads respond.mute and respond.route with the current snapshot into the context. */
extern MuteSet *respond_mute_set_load(MemoryContext context);
extern RouteSet *respond_route_set_load(MemoryContext context);

/* Why the event is muted, or NULL. */
extern const char *respond_mute_set_find(MuteSet *set, const Event *event);

/* Queues a NOTIFY for each route that the event meets. */
extern void respond_route_set_notify(RouteSet *set, const Event *event);

#endif							/* RESPOND_RULE_SET_PARTS_H */
