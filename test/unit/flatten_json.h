/*-------------------------------------------------------------------------
 * flatten_json.h
 *	  Flattens a JSON tree into a matcher's event; for tests and fuzzers.
 *
 * test/unit/flatten_json.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLATTEN_JSON_H
#define RESPOND_FLATTEN_JSON_H

#include "common/json_value.h"
#include "match/event_fields.h"

/* Fills the event with the document, which must be an object, and seals it. */
extern void flatten_json(EventFields *event, const JsonValue *document);

#endif							/* RESPOND_FLATTEN_JSON_H */
