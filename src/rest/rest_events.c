/*-------------------------------------------------------------------------
 * rest_events.c
 *	  Events over HTTP: recording CloudEvents, reading events, asking why.
 *
 * src/rest/rest_events.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "audit/mask.h"
#include "common/guc.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_push.h"
#include "common/time_read.h"
#include "event/emit.h"
#include "event/event_size.h"
#include "inbound/cloud_event_read.h"
#include "rest/entity_tag.h"
#include "rest/rest_answers.h"
#include "rest/rest_body.h"
#include "rest/rest_filter.h"
#include "rest/rest_page.h"

/* --- recording ------------------------------------------------------------ */

/* A request without a word of CloudEvents but with JSON has them in its body. */
static CloudEventMode
find_mode(const WebRequest *request)
{
	CloudEventMode mode = respond_cloud_event_mode(request);
	const char *type = respond_web_field(request, "content-type");

	if (mode == CLOUD_EVENT_NONE && type != NULL && respond_media_type_is(type, "application/json"))
		return request->body[strspn(request->body, " \t\r\n")] == '[' ? CLOUD_EVENT_BATCH : CLOUD_EVENT_STRUCTURED;
	return mode;
}

static bool
is_json_type(const char *type)
{
	size_t		length = type != NULL ? strcspn(type, "; \t") : 0;

	return type != NULL && (respond_media_type_is(type, "application/json") ||
							respond_media_type_is(type, "text/json") ||
							(length > 5 && pg_strncasecmp(type + length - 5, "+json", 5) == 0));
}

/* An object with one member. */
static Jsonb *
wrap(const char *name, Jsonb *value)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_jsonb(&state, name, value);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Jsonb *
wrap_text(const char *name, const char *text)
{
	JsonbValue	value = {.type = jbvString};

	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	return wrap(name, JsonbValueToJsonb(&value));
}

/* Bytes that came as they are. */
static Jsonb *
wrap_bytes(const char *bytes, size_t length)
{
	bytea	   *copy;

	if (memchr(bytes, '\0', length) == NULL && pg_verify_mbstr(PG_UTF8, bytes, (int) length, true))
		return wrap_text("text", respond_call_from_utf8(bytes, length));
	copy = palloc(VARHDRSZ + length);
	SET_VARSIZE(copy, VARHDRSZ + length);
	memcpy(VARDATA(copy), bytes, length);
	return wrap_text("base64", text_to_cstring(DatumGetTextPP(DirectFunctionCall2(binary_encode, PointerGetDatum(copy),
																			 CStringGetTextDatum("base64")))));
}

static Jsonb *
data_of(const WebRequest *request, CloudEventMode mode, const CloudEvent *cloud, const JsonValue *body)
{
	const JsonValue *value = mode == CLOUD_EVENT_BINARY ? body : cloud->data;
	Jsonb	   *data;

	if (cloud->data_base64 != NULL)
		return wrap_text("base64", cloud->data_base64);
	if (value == NULL)
		return mode != CLOUD_EVENT_BINARY || request->body_length == 0 ? NULL :
			wrap_bytes(request->body, request->body_length);
	data = respond_json_value_to_jsonb(value);
	return value->kind == JSON_KIND_OBJECT ? data : wrap("value", data);
}

/* No rule could read such an event; who sends it would learn of that from nobody. */
static void
refuse_size(RestCall *call, CloudEventMode mode, int index)
{
	ProblemPlace place = {.detail = psprintf("is larger than pg_respond.max_event_size (%d kB), as it is stored or as"
											 " JSON text", respond_max_event_size)};

	if (mode == CLOUD_EVENT_BINARY)
		respond_call_refuse(call, 413, psprintf("The data of the event %s.", place.detail));
	else
	{
		place.pointer = index >= 0 ? psprintf("/%d/data", index) : "/data";
		respond_call_refuse_place(call, 413, &place);
	}
}

/* Where a fault lies: a member of the body, or a header. */
static void
refuse_event(RestCall *call, CloudEventMode mode, const CloudEventFault *fault)
{
	ProblemPlace place = {.detail = fault->words};
	StringInfoData where;

	initStringInfo(&where);
	if (fault->index >= 0)
		appendStringInfo(&where, "/%d", fault->index);
	if (fault->attribute != NULL)
		appendStringInfo(&where, "%s%s", mode == CLOUD_EVENT_BINARY ? "ce-" : "/", fault->attribute);
	if (mode == CLOUD_EVENT_BINARY)
		place.parameter = where.data;
	else
		place.pointer = where.data;
	respond_call_refuse_place(call, 400, &place);
}

/* Texts of headers are of no known encoding. */
static const char *
attribute(CloudEventMode mode, const char *text)
{
	return text == NULL || mode != CLOUD_EVENT_BINARY ? text : respond_call_from_utf8(text, strlen(text));
}

static bool
record(RestCall *call, CloudEventMode mode, const CloudEvent *cloud, const JsonValue *body, int index, NewEvent *event)
{
	CloudEventFault fault = {index, "time", "is beyond those that the server knows"};

	memset(event, 0, sizeof(*event));
	event->type = attribute(mode, cloud->type);
	event->source = attribute(mode, cloud->source);
	event->subject = attribute(mode, cloud->subject);
	event->key = attribute(mode, cloud->id);
	event->data = data_of(call->request, mode, cloud, body);
	if (event->data != NULL && !respond_event_data_fits(event->data))
	{
		refuse_size(call, mode, index);
		return false;
	}
	if (cloud->time != NULL && !respond_time_read(cloud->time, &event->time))
	{
		refuse_event(call, mode, &fault);
		return false;
	}
	call->item = index;
	respond_emit_event(event);
	return true;
}

static void
answer_recorded(RestCall *call, bool is_list, const NewEvent *events, int count)
{
	StringInfoData json;
	int			known = 0;

	initStringInfo(&json);
	appendStringInfoString(&json, is_list ? "{\"items\":[" : "");
	for (int i = 0; i < count; i++)
	{
		bool		is_known = events[i].id == 0;

		known += is_known;
		appendStringInfo(&json, "%s{\"id\":" INT64_FORMAT ",\"duplicate\":%s}", i > 0 ? "," : "",
						 is_known ? events[i].known_id : events[i].id, is_known ? "true" : "false");
	}
	appendStringInfoString(&json, is_list ? "]}" : "");
	respond_call_json(call, known == count ? 200 : 201, json.data);
	if (!is_list)
		respond_call_locate(call, psprintf("/v1/events/" INT64_FORMAT,
										   events[0].id != 0 ? events[0].id : events[0].known_id));
}

/* The body, if it is JSON by what it says or has to be. */
static bool
read_json(RestCall *call, CloudEventMode mode, const JsonValue **body)
{
	const WebRequest *request = call->request;
	const char *fault;

	*body = NULL;
	if (mode == CLOUD_EVENT_BINARY &&
		(request->body_length == 0 || !is_json_type(respond_web_field(request, "content-type"))))
		return true;
	*body = respond_body_parse(call->arena, request->body, request->body_length, &fault);
	if (*body == NULL)
		respond_call_refuse(call, 400, psprintf("The body is not JSON: %s", fault));
	return *body != NULL;
}

void
respond_rest_events_record(RestCall *call)
{
	CloudEventMode mode = find_mode(call->request);
	CloudEventFault fault;
	CloudEvent *clouds;
	NewEvent   *events;
	const JsonValue *body;
	int			count;

	if (mode == CLOUD_EVENT_NONE || mode == CLOUD_EVENT_FORMAT)
	{
		respond_call_refuse(call, 415, "The request must hold CloudEvents in JSON, or one in its headers.");
		respond_web_answer_field(call->arena, call->answer, "Accept-Post", "application/cloudevents+json,"
								 " application/cloudevents-batch+json, application/json");
		return;
	}
	if (!read_json(call, mode, &body))
		return;
	count = respond_cloud_event_read(call->arena, mode, call->request, body, &clouds, &fault);
	if (count < 0)
	{
		refuse_event(call, mode, &fault);
		return;
	}
	events = palloc0(sizeof(NewEvent) * (count + 1));
	for (int i = 0; i < count; i++)
		if (!record(call, mode, &clouds[i], body, mode == CLOUD_EVENT_BATCH ? i : -1, &events[i]))
			return;
	answer_recorded(call, mode == CLOUD_EVENT_BATCH, events, count);
}

/* --- reading -------------------------------------------------------------- */

/* The data as JSON without what masks hide.  What is too large for rules is not read, here either. */
static const char *
data_text(HeapTuple tuple, TupleDesc desc, int64 id)
{
	Event		event = {.id = id};
	Datum		value;
	bool		is_null;

	event.type = SPI_getvalue(tuple, desc, SPI_fnumber(desc, "type"));
	event.source = SPI_getvalue(tuple, desc, SPI_fnumber(desc, "source"));
	value = SPI_getbinval(tuple, desc, SPI_fnumber(desc, "data"), &is_null);
	event.data_size = is_null ? 0 : (int64) toast_raw_datum_size(value);
	if (!is_null && event.data_size <= (int64) respond_max_event_size * 1024)
		event.data = DatumGetJsonbPCopy(value);
	respond_event_limit_data(&event);
	if (event.data == NULL)
		return "null";
	event.data = respond_mask_event(&event)->data;
	return JsonbToCString(NULL, &event.data->root, VARSIZE(event.data));
}

/* The JSON of the first column, and the data behind it. */
static void
put_event(StringInfo json, HeapTuple tuple, TupleDesc desc)
{
	char	   *head = SPI_getvalue(tuple, desc, 1);
	char	   *id = SPI_getvalue(tuple, desc, 2);

	appendBinaryStringInfo(json, head, (int) strlen(head) - 1);
	appendStringInfo(json, ",\"data\":%s}", data_text(tuple, desc, strtoll(id, NULL, 10)));
}

/* What is selected of an event r; data, the last column, is put in by put_event(). */
static Resource
event_head(void)
{
	Resource	head = respond_resource_event;

	head.count--;
	return head;
}

void
respond_rest_events_list(RestCall *call)
{
	Resource	head = event_head();
	RestList	list = {&head, LIST_BY_ID,.put = put_event,.more = "r.data"};
	RestSql		within;
	RestSql		conditions;

	/* an error may have left some */
	respond_mask_forget_events();
	respond_rest_sql_begin(&within, "true");
	respond_rest_filter_since(call, &within, "since", "r.recorded_at");
	respond_rest_filter_until(call, &within, "until", "r.recorded_at");
	conditions = within;
	respond_rest_sql_begin(&conditions, within.text.data);
	conditions.count = within.count;
	respond_rest_filter_texts(call, &conditions, "type", "r.type");
	respond_rest_filter_texts(call, &conditions, "subject", "r.subject");
	respond_rest_filter_texts(call, &conditions, "source", "r.source");
	list.within = conditions.count > within.count ? &within : NULL;
	respond_rest_answer_page(call, &list, &conditions);
	respond_mask_forget_events();
}

/* The event as JSON, without what masks hide; NULL: the role sees none of this number. */
static char *
find_event(RestCall *call)
{
	Resource	head = event_head();
	StringInfoData json;
	RestSql		sql;

	respond_mask_forget_events();
	respond_rest_sql_begin(&sql, "SELECT pg_catalog.row_to_json(h), x.id, x.* FROM (SELECT ");
	respond_rest_sql_columns(&sql, &head);
	respond_rest_sql_add(&sql, ", r.data FROM respond.event AS r WHERE r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ") AS x");
	respond_rest_sql_head(&sql, &head);
	if (respond_rest_sql_run(call, &sql) == 0)
	{
		respond_call_refuse(call, 404, "There is no such event, or the role of the token does not see it.");
		return NULL;
	}
	initStringInfo(&json);
	put_event(&json, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
	return json.data;
}

void
respond_rest_event_get(RestCall *call)
{
	char	   *json = find_event(call);

	if (json != NULL)
		respond_call_json(call, 200, json);
	respond_mask_forget_events();
}

void
respond_rest_event_explain(RestCall *call)
{
	RestSql		sql;

	/* so that its masks are known */
	if (find_event(call) == NULL)
		return;
	respond_rest_sql_begin(&sql, "SELECT pg_catalog.json_build_object('items', coalesce("
						   "pg_catalog.json_agg(pg_catalog.row_to_json(x)), '[]'::pg_catalog.json))"
						   " FROM respond.explain(");
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ") AS x");
	respond_call_json(call, 200, respond_mask_text(respond_rest_sql_text(call, &sql), respond_call_id(call)));
	respond_mask_forget_events();
}
