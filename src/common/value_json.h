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
	VALUE_JSON_MONEY,
	VALUE_JSON_ARRAY,
	VALUE_JSON_ROW,				/* a composite type, or record */
	VALUE_JSON_OUTPUT,			/* a string from the type's output function */
	VALUE_JSON_CONVERT			/* what the type's cast to json makes of it */
} ValueJsonKind;

typedef struct ValueJsonRow ValueJsonRow;

/* How values of one type are converted. */
typedef struct ValueJson
{
	ValueJsonKind kind;
	Oid			type;			/* base type of a domain */
	FmgrInfo   *function;		/* OUTPUT: of the type; CONVERT: to_jsonb */
	struct ValueJson *element;	/* ARRAY: of its elements, and how these lie in it */
	int16		length;
	bool		by_value;
	char		alignment;
	ValueJsonRow *row;			/* ROW: of its fields */
	int			growth;			/* about how many times larger than stored it is in jsonb, 0: it is
								 * of fixed and small size */
	bool		by_settings;	/* the text depends on settings: see DOOR_FORMATS */
	bool		foreign;		/* runs code that is not the server's, which may do anything */
} ValueJson;

/* Finds out how; what it needs is allocated in the current memory context. */
extern void respond_value_json_prepare(ValueJson *how, Oid type);

/*
 * Pushes a value into a jsonb under construction.  Numbers and booleans keep
 * their kind; NaN and infinity, which JSON cannot say, become strings; times
 * are ISO 8601, in UTC when they have a time zone, intervals and bytea as the
 * server shows them by default, whatever the session's settings; json and jsonb
 * are nested, arrays and rows too.  A json that jsonb refuses becomes a string.
 * Bytes of texts are not copied before the document is finished.  Returns what
 * pushJsonbValue returns.
 *
 * Types whose text depends on settings (by_settings) need DOOR_FORMATS around
 * this.  Types of the server raise only for want of memory or stack, or because
 * a value is damaged; foreign ones may raise anything.
 */
extern JsonbValue *respond_value_json_push(const ValueJson *how, JsonbParseState **state,
										   JsonbIteratorToken token, Datum value, bool is_null);

/* Appends the value as text: strings without quotes, anything else as its JSON. */
extern void respond_value_json_append(const ValueJson *how, StringInfo text, Datum value);

/* The value, not NULL, as a document of its own. */
extern Jsonb *respond_value_json_document(const ValueJson *how, Datum value);

/* What the type's output function says, for values that are no good as JSON. */
extern char *respond_value_json_text(const ValueJson *how, Datum value);

/* Whether, since this was last asked, a json was taken as text because jsonb refuses it. */
extern bool respond_value_json_took_text(void);

/* About how many bytes a value, not NULL, takes in jsonb; it is not fetched for that. */
extern Size respond_value_json_size(const ValueJson *how, Datum value);

#endif							/* RESPOND_VALUE_JSON_H */
