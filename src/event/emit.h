/*-------------------------------------------------------------------------
 * emit.h
 *	  Recording an event as the current user.
 *
 * src/event/emit.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EMIT_H
#define RESPOND_EMIT_H

#include "event/event_write.h"

/*
 * What emit() does: the user has to have the right to insert what is given, and
 * to use the source.  id, or known_id, tells the event.
 */
extern void respond_emit_event(NewEvent *event);

#endif							/* RESPOND_EMIT_H */
