/*-------------------------------------------------------------------------
 * json_value.h
 *	  A small JSON tree for configuration: patterns, steps, template contexts.
 *
 * The parts that build without a server take this tree as input.  Inside the
 * server json_value_jsonb.c makes it from jsonb; unit tests and fuzzers make
 * it from text.  It is for values written by people (rules), not for event
 * data, which is read in place.
 *
 * src/common/json_value.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_VALUE_H
#define RESPOND_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum JsonKind
{
	JSON_KIND_NULL,
	JSON_KIND_BOOLEAN,
	JSON_KIND_NUMBER,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT
} JsonKind;

typedef struct JsonValue JsonValue;

typedef struct JsonMember
{
	const char *name;			/* UTF-8, NUL behind it, jsonb cannot hold a NUL */
	size_t		name_length;
	JsonValue  *value;
} JsonMember;

struct JsonValue
{
	JsonKind	kind;
	bool		boolean;		/* JSON_KIND_BOOLEAN */
	const char *text;			/* string: UTF-8 bytes; number: its decimal text; NUL behind it */
	size_t		length;			/* of text, in bytes */
	size_t		count;			/* of items or members */
	JsonValue **items;			/* JSON_KIND_ARRAY */
	JsonMember *members;		/* JSON_KIND_OBJECT */
};

#endif							/* RESPOND_JSON_VALUE_H */
