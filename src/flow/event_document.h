/*-------------------------------------------------------------------------
 * event_document.h
 *	  An event as later steps see it.
 *
 * src/flow/event_document.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_DOCUMENT_H
#define RESPOND_EVENT_DOCUMENT_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "event/event.h"

/* {"id", "type", "source", "subject", "time", "data", ...}; what the event has not got is left out. */
extern Jsonb *respond_event_document(const Event *event);

/* An array of such, of a list of Event *. */
extern Jsonb *respond_event_documents(const List *events);

#endif							/* RESPOND_EVENT_DOCUMENT_H */
