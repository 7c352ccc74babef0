/*-------------------------------------------------------------------------
 * route.c
 *	  NOTIFY for events, sent by the dispatcher.
 *
 * Producers never NOTIFY: it takes a lock of the whole cluster at commit.  A
 * dispatcher takes it once for a batch.
 *
 * src/rule/route.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/async.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "audit/mask.h"
#include "common/errors.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/event_roots.h"
#include "event/event_text.h"
#include "event/name_check.h"
#include "match/pattern_jsonb.h"
#include "rule/rule_row.h"
#include "rule/rule_set_code.h"
#include "template/template_jsonb.h"

PG_FUNCTION_INFO_V1(respond_route_validate);

static bool
looks_like_json(const char *template)
{
	const char *s = template + strspn(template, " \t\r\n");

	if (*s == '[')
		return true;
	/* {"a": ... begins an object, {{a}} a tag */
	return *s == '{' && s[1] != '{';
}

bool
respond_route_read(Route *route, const Datum *values, const bool *nulls)
{
	char	   *payload;

	if (!DatumGetBool(values[ROUTE_ENABLED]))
		return false;
	route->name = respond_row_text(values, nulls, ROUTE_NAME);
	route->channel = respond_row_text(values, nulls, ROUTE_NOTIFY_CHANNEL);
	route->payload = NULL;
	route->is_json = false;
	payload = respond_row_text(values, nulls, ROUTE_PAYLOAD);
	if (payload != NULL)
	{
		route->payload = respond_template_compile_in(CurrentMemoryContext, payload, strlen(payload), "payload");
		route->is_json = looks_like_json(payload);
	}
	return true;
}

static char *
payload_of(const Route *route, const Event *event)
{
	TemplateOutput output;

	/* whoever can connect can LISTEN */
	event = respond_mask_event(event);
	respond_template_begin_output(&output, 0);
	/* no more work than NOTIFY can use */
	output.limit = Min(output.limit, RESPOND_NOTIFY_LIMIT);
	if (route->payload == NULL)
		respond_event_cloud_event(&output, event);
	else
	{
		TemplateRoot roots[EVENT_ROOTS + 1];
		TemplateRoots fields = {EVENT_ROOTS, roots};
		TemplateRoots all = {EVENT_ROOTS + 1, roots};
		TemplateValue root;

		for (int i = 0; i < EVENT_ROOTS; i++)
			roots[i] = (TemplateRoot) {respond_event_root_names[i], respond_event_root_value(event, i)};
		roots[EVENT_ROOTS] = (TemplateRoot) {"event", respond_template_from_roots(&fields)};
		root = respond_template_from_roots(&all);
		respond_template_render(route->payload, &respond_template_jsonb_source, &root,
								route->is_json ? TEMPLATE_ESCAPE_JSON : TEMPLATE_ESCAPE_NONE, &output);
	}
	if (output.status != TEMPLATE_OK)
		return respond_event_short_payload(event);
	return pnstrdup(output.data != NULL ? output.data : "", output.length);
}

void
respond_route_send(const Route *route, const Event *event)
{
	Async_Notify(route->channel, payload_of(route, event));
}

/* route_validate(): BEFORE INSERT OR UPDATE ON respond.route FOR EACH ROW */
Datum
respond_route_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "route_validate", "BEFORE", "ROW", "route");
	Datum		values[ROUTE_COLUMNS];
	bool		nulls[ROUTE_COLUMNS];
	HeapTuple	tuple;
	char	   *text;
	Jsonb	   *pattern;

	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);

	respond_shape_deform(&respond_shape_route, RelationGetDescr(trigger->tg_relation), tuple, values, nulls);
	if ((text = respond_row_text(values, nulls, ROUTE_NAME)) != NULL)
		respond_name_check("route", text);
	if ((text = respond_row_text(values, nulls, ROUTE_EVENT_TYPE)) != NULL)
		respond_name_check_event_type(text);
	if ((pattern = respond_row_jsonb(values, nulls, ROUTE_PATTERN)) != NULL)
		respond_pattern_check_jsonb("pattern", pattern);
	text = respond_row_text(values, nulls, ROUTE_NOTIFY_CHANNEL);
	if (text != NULL && (text[0] == '\0' || strlen(text) >= NAMEDATALEN))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("notify_channel: it is %zu bytes long", strlen(text)),
				 errhint("Names of NOTIFY channels have 1 to %d bytes.", NAMEDATALEN - 1)));
	if ((text = respond_row_text(values, nulls, ROUTE_PAYLOAD)) != NULL)
		respond_template_compile_in(CurrentMemoryContext, text, strlen(text), "payload");
	return PointerGetDatum(tuple);
}
