/*-------------------------------------------------------------------------
 * event_defaults.h
 *	  What an event gets when its producer does not say.
 *
 * src/event/event_defaults.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_DEFAULTS_H
#define RESPOND_EVENT_DEFAULTS_H

#include "access/transam.h"

/* The top-level transaction, whose commit will wake the dispatchers. */
extern FullTransactionId respond_event_defaults_xid(void);

/* A slash and the name that the database had at first, palloc'd: a relative URI, as CloudEvents asks for. */
extern text *respond_event_defaults_source(void);

/* respond_event_context_actor() as text, palloc'd. */
extern text *respond_event_defaults_actor(void);

#endif							/* RESPOND_EVENT_DEFAULTS_H */
