/*-------------------------------------------------------------------------
 * jsonb_push.h
 *	  Members and elements of a jsonb under construction.
 *
 * Bytes of keys and texts are not copied before the document is finished.
 *
 * src/common/jsonb_push.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSONB_PUSH_H
#define RESPOND_JSONB_PUSH_H

#include "utils/jsonb.h"

/* A key, whose value comes next. */
extern void respond_jsonb_push_key(JsonbParseState **state, const char *key);

/* A key and its value; NULL: null. */
extern void respond_jsonb_push_text(JsonbParseState **state, const char *key, const char *value);
extern void respond_jsonb_push_int64(JsonbParseState **state, const char *key, int64 value);
extern void respond_jsonb_push_boolean(JsonbParseState **state, const char *key, bool value);
extern void respond_jsonb_push_jsonb(JsonbParseState **state, const char *key, Jsonb *value);

/* An element of an array. */
/* Any document, as an element of the array that is open. */
extern void respond_jsonb_push_element(JsonbParseState **state, Jsonb *value);
extern void respond_jsonb_push_text_element(JsonbParseState **state, const char *value);

/* {}, and {key: value}, palloc'd. */
extern Jsonb *respond_jsonb_empty_object(void);
extern Jsonb *respond_jsonb_of_text(const char *key, const char *value);

#endif							/* RESPOND_JSONB_PUSH_H */
