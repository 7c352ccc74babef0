/*-------------------------------------------------------------------------
 * request_body.h
 *	  What stands in the body of a request, as a value of JSON.
 *
 * src/inbound/request_body.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_BODY_H
#define RESPOND_REQUEST_BODY_H

#include "utils/jsonb.h"

#include "common/json_value.h"
#include "companion/web_request.h"

typedef enum BodyKind
{
	BODY_EMPTY,
	BODY_JSON,
	BODY_FORM,
	BODY_TEXT,
	BODY_BYTES
} BodyKind;

typedef struct RequestBody
{
	BodyKind	kind;
	Jsonb	   *document;		/* the value; the fields of a form; {"text": ...}; {"base64": ...}; {} */
	const JsonValue *tree;		/* the same, NULL for texts and bytes */
	const char *fault;			/* why it is not what it says to be, for a person; NULL: it is */
} RequestBody;

/*
 * Reads it in the current memory context.  What calls itself JSON, or looks so and
 * calls itself nothing, has to be JSON; a form whose only field is "payload"
 * and JSON is that.  Raises nothing about what was sent.
 */
extern void respond_request_body_read(Arena *arena, const WebRequest *request, RequestBody *body);

#endif							/* RESPOND_REQUEST_BODY_H */
