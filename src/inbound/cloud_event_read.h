/*-------------------------------------------------------------------------
 * cloud_event_read.h
 *	  CloudEvents in requests: in headers, as a document, or as a list of documents.
 *
 * It builds without a server.
 *
 * Sources: cloudevents/spec 1.0.2: spec.md, formats/json-format.md,
 * bindings/http-protocol-binding.md.
 *
 * src/inbound/cloud_event_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOUD_EVENT_READ_H
#define RESPOND_CLOUD_EVENT_READ_H

#include "common/arena.h"
#include "common/json_value.h"
#include "companion/web_request.h"

typedef enum CloudEventMode
{
	CLOUD_EVENT_NONE,			/* the request says nothing of CloudEvents */
	CLOUD_EVENT_BINARY,			/* attributes are headers, the body is the data */
	CLOUD_EVENT_STRUCTURED,		/* the body is one event in JSON */
	CLOUD_EVENT_BATCH,			/* the body is a list of them */
	CLOUD_EVENT_FORMAT			/* the body is of another format than JSON */
} CloudEventMode;

typedef struct CloudEventExtension
{
	const char *name;
	const char *text;			/* numbers and booleans as they are written */
} CloudEventExtension;

/* Attributes that are not there are NULL; texts hold no NUL, and those of headers are of no known encoding. */
typedef struct CloudEvent
{
	const char *id;
	const char *source;
	const char *type;
	const char *subject;
	const char *time;			/* as RFC 3339 has it */
	const char *data_content_type;
	const char *data_schema;
	int			extension_count;
	CloudEventExtension *extensions;
	const JsonValue *data;		/* NULL: none, or it is what the body is in binary mode */
	const char *data_base64;	/* legal base64 */
} CloudEvent;

typedef struct CloudEventFault
{
	int			index;			/* of the event in its batch, from 0; -1: there is no batch */
	const char *attribute;		/* NULL: it is not about one */
	const char *words;			/* the rest of a sentence that begins with it */
} CloudEventFault;

extern CloudEventMode respond_cloud_event_mode(const WebRequest *request);

/*
 * Reads the events of a request in one of the three modes.  data: the body, NULL
 * if it is not JSON.  Returns how many there are, which may be none in a batch; -1
 * and *fault if any of them is not as it has to be.
 */
extern int	respond_cloud_event_read(Arena *arena, CloudEventMode mode, const WebRequest *request,
									 const JsonValue *data, CloudEvent **events, CloudEventFault *fault);

/* Whether the text is a time of RFC 3339 section 5.6. */
extern bool respond_cloud_event_is_time(const char *text);

#endif							/* RESPOND_CLOUD_EVENT_READ_H */
