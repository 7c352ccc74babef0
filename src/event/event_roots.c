/*-------------------------------------------------------------------------
 * event_roots.c
 *	  The fields of an event by the names that patterns, templates and SQL call them.
 *
 * Patterns, steps, tags in SQL, routes and messages all name fields of events.
 * A field that one of them knows all know, and it reads the same everywhere:
 * times are in UTC, whatever the session's time zone is.
 *
 * src/event/event_roots.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/json.h"

#include "event/event_roots.h"

const char *const respond_event_root_names[EVENT_ROOTS] = {
	[EVENT_ROOT_ID] = "id",
	[EVENT_ROOT_TYPE] = "type",
	[EVENT_ROOT_SOURCE] = "source",
	[EVENT_ROOT_SUBJECT] = "subject",
	[EVENT_ROOT_TIME] = "time",
	[EVENT_ROOT_DATA] = "data",
	[EVENT_ROOT_KEY] = "key",
	[EVENT_ROOT_CAUSE] = "cause",
	[EVENT_ROOT_DEPTH] = "depth",
	[EVENT_ROOT_ACTOR] = "actor",
	[EVENT_ROOT_RECORDED_AT] = "recorded_at",
};

EventRoot
respond_event_root_find(const char *name, size_t length)
{
	EventRoot	root = 0;

	while (root < EVENT_ROOTS && (strlen(respond_event_root_names[root]) != length ||
								  memcmp(respond_event_root_names[root], name, length) != 0))
		root++;
	return root;
}

char *
respond_event_time(TimestampTz time, char *buffer)
{
	const int	utc = 0;

	return JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID, &utc);
}

static void
set_number(EventValue *value, int64 number)
{
	value->kind = EVENT_VALUE_NUMBER;
	value->number = number;
}

static void
set_text(EventValue *value, const char *text)
{
	value->kind = text != NULL ? EVENT_VALUE_TEXT : EVENT_VALUE_NONE;
	value->text = text;
}

void
respond_event_root_read(const Event *event, EventRoot root, EventValue *value)
{
	value->kind = EVENT_VALUE_NONE;
	if (event == NULL)
		return;
	switch (root)
	{
		case EVENT_ROOT_ID:
			set_number(value, event->id);
			break;
		case EVENT_ROOT_TYPE:
			set_text(value, event->type);
			break;
		case EVENT_ROOT_SOURCE:
			set_text(value, event->source);
			break;
		case EVENT_ROOT_SUBJECT:
			set_text(value, event->subject);
			break;
		case EVENT_ROOT_TIME:
			set_text(value, respond_event_time(event->time, value->buffer));
			break;
		case EVENT_ROOT_DATA:
			value->kind = event->data != NULL ? EVENT_VALUE_DOCUMENT : EVENT_VALUE_NONE;
			value->document = event->data;
			break;
		case EVENT_ROOT_KEY:
			set_text(value, event->key);
			break;
		case EVENT_ROOT_CAUSE:
			if (event->has_cause)
				set_number(value, event->cause);
			break;
		case EVENT_ROOT_DEPTH:
			set_number(value, event->depth);
			break;
		case EVENT_ROOT_ACTOR:
			set_text(value, event->actor);
			break;
		case EVENT_ROOT_RECORDED_AT:
			set_text(value, respond_event_time(event->recorded_at, value->buffer));
			break;
		case EVENT_ROOTS:
			break;
	}
}

TemplateValue
respond_event_root_value(const Event *event, EventRoot root)
{
	EventValue	value;

	respond_event_root_read(event, root, &value);
	switch (value.kind)
	{
		case EVENT_VALUE_NUMBER:
			return respond_template_from_int64(value.number);
		case EVENT_VALUE_TEXT:
			return respond_template_from_cstring(value.text == value.buffer ? pstrdup(value.text) : value.text);
		case EVENT_VALUE_DOCUMENT:
			return respond_template_from_jsonb(value.document);
		case EVENT_VALUE_NONE:
			break;
	}
	return respond_template_from_null();
}
