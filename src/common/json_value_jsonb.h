/*-------------------------------------------------------------------------
 * json_value_jsonb.h
 *	  The JSON tree of json_value.h made from jsonb.
 *
 * src/common/json_value_jsonb.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_VALUE_JSONB_H
#define RESPOND_JSON_VALUE_JSONB_H

#include "utils/jsonb.h"

#include "common/arena.h"
#include "common/json_value.h"

/*
 * Copies the whole value into the arena.  Strings keep the encoding of the
 * database.  Raises ERRCODE_STATEMENT_TOO_COMPLEX when it is nested deeper than
 * the stack allows.
 */
extern JsonValue *respond_json_value_from_jsonb(Arena *arena, Jsonb *jsonb);

/* The same for a part of a jsonb: a scalar or a container in it. */
extern JsonValue *respond_json_value_from_part(Arena *arena, const JsonbValue *part);

/* The way back; palloc'd. */
extern Jsonb *respond_json_value_to_jsonb(const JsonValue *value);

#endif							/* RESPOND_JSON_VALUE_JSONB_H */
