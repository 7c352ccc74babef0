/*-------------------------------------------------------------------------
 * event_text.c
 *	  An event as text for the outside.
 *
 * src/event/event_text.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "event/cloud_event.h"
#include "event/event_text.h"

static void
append_text(TemplateOutput *output, const char *text)
{
	respond_template_append(output, text, strlen(text));
}

/* A member whose value is a string, unless it is NULL. */
static void
append_member(TemplateOutput *output, const char *name, const char *value)
{
	if (value == NULL)
		return;
	append_text(output, ",\"");
	append_text(output, name);
	append_text(output, "\":");
	respond_template_write_json_string(output, value, strlen(value));
}

void
respond_event_cloud_event(TemplateOutput *output, const Event *event)
{
	TemplateValue data = respond_template_from_jsonb(event->data);

	append_text(output, "{\"specversion\":\"1.0\"");
	append_member(output, "id", respond_cloud_event_id(event->id, event->recorded_at));
	append_member(output, "source", respond_cloud_event_source(event->source));
	append_member(output, "type", respond_cloud_event_text(event->type));
	append_member(output, "subject", respond_cloud_event_text(event->subject));
	append_member(output, "time", respond_cloud_event_time(event->time));
	append_member(output, "datacontenttype", "application/json");
	append_member(output, "key", respond_cloud_event_text(event->key));
	if (event->has_cause)
		append_member(output, "cause", psprintf(INT64_FORMAT, event->cause));
	append_text(output, psprintf(",\"depth\":%d", event->depth));
	append_member(output, "actor", respond_cloud_event_text(event->actor));
	append_member(output, "recordedat", respond_cloud_event_time(event->recorded_at));
	append_text(output, ",\"data\":");
	if (event->data != NULL)
		respond_template_write_value(&respond_template_jsonb_source, &data, output);
	else
		append_text(output, "null");
	append_text(output, "}");
}

char *
respond_event_short_payload(const Event *event)
{
	TemplateOutput output;

	respond_template_begin_output(&output, 0);
	append_text(&output, psprintf("{\"id\":" INT64_FORMAT, event->id));
	append_member(&output, "type", event->type);
	if (event->subject == NULL)
		append_text(&output, ",\"subject\":null");
	append_member(&output, "subject", event->subject);
	append_text(&output, ",\"truncated\":true}");
	return pnstrdup(output.data, output.length);
}
