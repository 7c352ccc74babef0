/*-------------------------------------------------------------------------
 * value_json.h
 *	  SQL values of any type as jsonb.
 *
 * src/common/value_json.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_VALUE_JSON_H
#define RESPOND_VALUE_JSON_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

typedef enum ValueJsonKind
{
	VALUE_JSON_BOOLEAN,
	VALUE_JSON_INT2,
	VALUE_JSON_INT4,
	VALUE_JSON_INT8,
	VALUE_JSON_NUMERIC,
	VALUE_JSON_FLOAT4,
	VALUE_JSON_FLOAT8,
	VALUE_JSON_TEXT,			/* anything whose bytes are its text */
	VALUE_JSON_NAME,
	VALUE_JSON_TIME,			/* date, time and timestamp, with or without time zone */
	VALUE_JSON_INTERVAL,
	VALUE_JSON_BYTEA,
	VALUE_JSON_JSON,
	VALUE_JSON_JSONB,
	VALUE_JSON_TEXT_ARRAY,
	VALUE_JSON_OUTPUT,			/* a string from the type's output function */
	VALUE_JSON_CONVERT			/* what to_jsonb() makes of it */
} ValueJsonKind;

/* How values of one type are converted. */
typedef struct ValueJson
{
	ValueJsonKind kind;
	Oid			type;			/* base type of a domain */
	FmgrInfo   *function;		/* OUTPUT: of the type; CONVERT: to_jsonb */
} ValueJson;

/* Finds out how; what it needs is allocated in the current memory context. */
extern void respond_value_json_prepare(ValueJson *how, Oid type);

/*
 * Pushes a value into a jsonb under construction.  Numbers and booleans keep
 * their kind; NaN and infinity, which JSON cannot say, become strings; times
 * are ISO 8601, in UTC when they have a time zone, intervals and bytea as the
 * server shows them by default, whatever the session's settings; json and jsonb
 * are nested.  Bytes of texts are not copied before the
 * document is finished.  Returns what pushJsonbValue returns.
 */
extern JsonbValue *respond_value_json_push(const ValueJson *how, JsonbParseState **state,
										   JsonbIteratorToken token, Datum value, bool is_null);

/* Appends the value as text: strings without quotes, anything else as its JSON. */
extern void respond_value_json_append(const ValueJson *how, StringInfo text, Datum value);

#endif							/* RESPOND_VALUE_JSON_H */
