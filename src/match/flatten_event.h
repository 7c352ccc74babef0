/*-------------------------------------------------------------------------
 * flatten_event.h
 *	  An event, or any document, in the form that a matcher takes.
 *
 * src/match/flatten_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLATTEN_EVENT_H
#define RESPOND_FLATTEN_EVENT_H

#include "event/event.h"
#include "match/event_fields.h"

/*
 * Fills the matcher's event with a row as the document {id, type, source,
 * subject, time, data, key, cause, depth, actor, recorded_at} and seals it.
 * A column that is NULL is an absent field.  Times are texts in ISO 8601, in
 * UTC, as 2026-01-31T23:59:59.123456+00:00.  The row must stay where it is
 * until the event is matched.
 */
extern void respond_flatten_event(EventFields *event, const Event *row);

/*
 * The same with a document of any shape.  Raises
 * ERRCODE_INVALID_PARAMETER_VALUE when it is not an object.
 */
extern void respond_flatten_document(EventFields *event, const Jsonb *document);

#endif							/* RESPOND_FLATTEN_EVENT_H */
