/*-------------------------------------------------------------------------
 * event_roots.h
 *	  The fields of an event by the names that patterns, templates and SQL call them.
 *
 * src/event/event_roots.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_ROOTS_H
#define RESPOND_EVENT_ROOTS_H

#include "utils/datetime.h"

#include "event/event.h"
#include "template/template_jsonb.h"

typedef enum EventRoot
{
	EVENT_ROOT_ID,
	EVENT_ROOT_TYPE,
	EVENT_ROOT_SOURCE,
	EVENT_ROOT_SUBJECT,
	EVENT_ROOT_TIME,
	EVENT_ROOT_DATA,
	EVENT_ROOT_KEY,
	EVENT_ROOT_CAUSE,
	EVENT_ROOT_DEPTH,
	EVENT_ROOT_ACTOR,
	EVENT_ROOT_RECORDED_AT,
	EVENT_ROOTS
} EventRoot;

extern const char *const respond_event_root_names[EVENT_ROOTS];

typedef enum EventValueKind
{
	EVENT_VALUE_NONE,
	EVENT_VALUE_NUMBER,
	EVENT_VALUE_TEXT,
	EVENT_VALUE_DOCUMENT
} EventValueKind;

/* A field's value; it points into the event, or at its own buffer. */
typedef struct EventValue
{
	EventValueKind kind;
	int64		number;
	const char *text;
	Jsonb	   *document;
	char		buffer[MAXDATELEN + 1];
} EventValue;

/* The root of that name, EVENT_ROOTS when no field has it. */
extern EventRoot respond_event_root_find(const char *name, size_t length);

/* The value of a field; of kind NONE where the column is NULL, and for all fields of no event (NULL). */
extern void respond_event_root_read(const Event *event, EventRoot root, EventValue *value);

/* The same for templates; texts that the event does not hold are palloc'd. */
extern TemplateValue respond_event_root_value(const Event *event, EventRoot root);

/* A time in UTC as ISO 8601 has it, in any session, in a buffer of MAXDATELEN + 1 bytes, which it returns. */
extern char *respond_event_time(TimestampTz time, char *buffer);

#endif							/* RESPOND_EVENT_ROOTS_H */
