/*-------------------------------------------------------------------------
 * flatten_jsonb.h
 *	  Reads a jsonb along the paths that rules test.
 *
 * src/match/flatten_jsonb.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLATTEN_JSONB_H
#define RESPOND_FLATTEN_JSONB_H

#include "utils/jsonb.h"

#include "match/event_fields.h"

/*
 * Adds what lies in the container, which stands at node, to an event that was
 * begun and is not sealed.  The container must not move before the event is
 * matched: texts stay where they are.  Any depth of nesting takes no stack.
 */
extern void respond_flatten_container(EventFields *event, const PathNode *node, const JsonbContainer *container);

#endif							/* RESPOND_FLATTEN_JSONB_H */
