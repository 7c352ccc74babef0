/*-------------------------------------------------------------------------
 * route.c
 *	  NOTIFY for the events that a row of respond.route asks for.
 *
 * src/rule/route.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "rule/flatten_event.h"
#include "rule/pattern_jsonb.h"
#include "rule/rule_set_parts.h"
#include "template/template_jsonb.h"

/* Without its NUL: what Async_Notify takes (NOTIFY_PAYLOAD_MAX_LENGTH, in async.c only). */
#define PAYLOAD_LIMIT	(BLCKSZ - NAMEDATALEN - 128 - 1)

typedef struct Route
{
	const char *name;
	const char *channel;
	Template   *payload;		/* NULL: id, type and subject */
} Route;

struct RouteSet
{
	int			count;
	Route	   *routes;
	MatchState *state;
};

static Route
read_route(HeapTuple row, TupleDesc descriptor, MemoryContext context)
{
	Route		route = {0};
	bool		is_null;
	Datum		payload;

	route.name = TextDatumGetCString(SPI_getbinval(row, descriptor, 1, &is_null));
	route.channel = TextDatumGetCString(SPI_getbinval(row, descriptor, 2, &is_null));
	payload = SPI_getbinval(row, descriptor, 3, &is_null);
	if (!is_null)
	{
		char	   *source = TextDatumGetCString(payload);

		route.payload = respond_template_compile_in(context, source, strlen(source), "payload");
	}
	return route;
}

RouteSet *
respond_route_set_load(MemoryContext context)
{
	RouteSet   *set;
	Matcher    *matcher;
	ArenaSource source = respond_arena_source_in(context);

	SPI_connect();
	if (SPI_execute("SELECT name, notify_channel, payload, event_type, pattern FROM respond.route WHERE enabled ORDER BY name COLLATE \"C\"",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read respond.route");
	MemoryContextSwitchTo(context);
	set = palloc0(sizeof(RouteSet));
	set->count = (int) SPI_processed;
	set->routes = palloc(sizeof(Route) * (set->count + 1));
	matcher = respond_matcher_begin(&source);
	for (int i = 0; i < set->count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	descriptor = SPI_tuptable->tupdesc;
		PatternError error;
		bool		is_null;
		char	   *type = TextDatumGetCString(SPI_getbinval(row, descriptor, 4, &is_null));
		Datum		pattern = SPI_getbinval(row, descriptor, 5, &is_null);

		set->routes[i] = read_route(row, descriptor, context);
		if (!respond_matcher_add_jsonb(matcher, i, type, is_null ? NULL : DatumGetJsonbP(pattern), &error))
			ereport(WARNING,
					(errmsg("route \"%s\" is left out: pattern.%s: %s",
							set->routes[i].name, error.place, error.message)));
	}
	respond_matcher_finish(matcher);
	set->state = respond_matcher_state_create(matcher, &source);
	SPI_finish();
	return set;
}

static TemplateValue
time_value(TimestampTz time)
{
	char	   *buffer = palloc(MAXDATELEN + 1);

	return respond_template_from_cstring(JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID, NULL));
}

/* {"id", "type", "subject"}, with "truncated" when the payload is too long. */
static char *
short_payload(const Event *event, bool truncated)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"id\": " INT64_FORMAT ", \"type\": ", event->id);
	escape_json(&text, event->type);
	appendStringInfoString(&text, ", \"subject\": ");
	if (event->subject != NULL)
		escape_json(&text, event->subject);
	else
		appendStringInfoString(&text, "null");
	if (truncated)
		appendStringInfoString(&text, ", \"truncated\": true");
	appendStringInfoChar(&text, '}');
	return text.data;
}

static char *
render(const Route *route, const Event *event)
{
	TemplateRoot roots[] = {
		{"id", respond_template_from_int64(event->id)},
		{"type", respond_template_from_cstring(event->type)},
		{"source", respond_template_from_cstring(event->source)},
		{"subject", respond_template_from_cstring(event->subject)},
		{"time", time_value(event->time)},
		{"data", respond_template_from_jsonb(event->data)},
		{"key", respond_template_from_cstring(event->key)},
		{"cause", event->has_cause ? respond_template_from_int64(event->cause) : respond_template_from_null()},
		{"depth", respond_template_from_int64(event->depth)},
		{"actor", respond_template_from_cstring(event->actor)}
	};
	TemplateRoots all = {lengthof(roots), roots};
	TemplateValue root = respond_template_from_roots(&all);

	return respond_template_render_cstring(route->payload, &root, TEMPLATE_ESCAPE_NONE, NULL);
}

/* What is sent; a payload that cannot be rendered is announced as too long. */
static char *
payload(const Route *route, const Event *event)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *volatile text = NULL;

	if (route->payload == NULL)
		return short_payload(event, false);
	PG_TRY();
	{
		text = render(route, event);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_RESPOND_LIMIT)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return text != NULL && strlen(text) <= PAYLOAD_LIMIT ? text : short_payload(event, true);
}

void
respond_route_set_notify(RouteSet *set, const Event *event)
{
	const int  *numbers;
	int			count;

	if (set->count == 0)
		return;
	respond_flatten_event(respond_state_event(set->state), event);
	respond_matcher_match(set->state, &numbers, &count);
	for (int i = 0; i < count; i++)
	{
		const Route *route = &set->routes[numbers[i]];
		char	   *text = payload(route, event);

		/* type and subject may be 1 kB each, so even the short form fits */
		Async_Notify(route->channel, text);
	}
}
