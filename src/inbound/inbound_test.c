/*-------------------------------------------------------------------------
 * inbound_test.c
 *	  respond.inbound_test(): what would come of a request, without a network.
 *
 * src/inbound/inbound_test.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_push.h"
#include "common/life.h"
#include "event/event_roots.h"
#include "inbound/judge.h"
#include "inbound/public_url.h"
#include "secret/log_filter.h"
#include "wire/ascii_case.h"
#include "wire/http_header.h"

PG_FUNCTION_INFO_V1(respond_inbound_test);

/* Arguments in order. */
enum
{
	ARG_SOURCE, ARG_HEADERS, ARG_BODY, ARG_METHOD, ARG_URL, ARG_AT
};

static void
refuse(const char *what, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s: %s", what, fault)));
}

static void
add_field(WebRequest *request, const char *name, const JsonValue *value)
{
	WebField   *field = &request->fields[request->field_count];
	char	   *lower = pstrdup(name);
	const char *fault;

	if (request->field_count == WEB_MAX_FIELDS)
		refuse("headers", psprintf("there are more than %d", WEB_MAX_FIELDS));
	if (value->kind != JSON_KIND_STRING && value->kind != JSON_KIND_NUMBER)
		refuse(psprintf("headers.%s", name), "is no text");
	for (char *c = lower; *c != '\0'; c++)
		*c = respond_ascii_lower(*c);
	field->name = lower;
	field->value = pg_server_to_any(value->text, (int) value->length, PG_UTF8);
	fault = respond_http_header_check(field->name, field->value);
	if (fault != NULL)
		refuse(psprintf("headers.%s", name), fault);
	request->field_count++;
}

/* An object of texts; a list of them stands for a header that comes more than once. */
static void
read_headers(Arena *arena, WebRequest *request, Jsonb *headers)
{
	JsonValue  *object = respond_json_value_from_jsonb(arena, headers);

	if (object->kind != JSON_KIND_OBJECT)
		refuse("headers", "is not an object");
	for (size_t i = 0; i < object->count; i++)
	{
		const JsonValue *value = object->members[i].value;

		if (value->kind != JSON_KIND_ARRAY)
			add_field(request, object->members[i].name, value);
		for (size_t j = 0; value->kind == JSON_KIND_ARRAY && j < value->count; j++)
			add_field(request, object->members[i].name, value->items[j]);
	}
}

/* A whole url, or only what stands behind the host. */
static void
read_url(WebRequest *request, const char *url)
{
	const char *host = strstr(url, "://");
	const char *question;

	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			refuse("url", "holds a character that is not legal in a url");
	request->target = url;
	if (host != NULL)
	{
		host += strlen("://");
		request->secure = respond_ascii_begins(url, "https:");
		request->target = host + strcspn(host, "/?");
		request->host = pnstrdup(host, request->target - host);
	}
	request->target = *request->target == '/' ? pstrdup(request->target) : psprintf("/%s", request->target);
	question = strchr(request->target, '?');
	request->query = question == NULL ? NULL : question + 1;
}

static void
read_request(FunctionCallInfo fcinfo, Arena *arena, const InboundSource *source, WebRequest *request)
{
	text	   *database = respond_life_source();
	bytea	   *body = PG_ARGISNULL(ARG_BODY) ? NULL : PG_GETARG_BYTEA_PP(ARG_BODY);
	size_t		length = body == NULL ? 0 : VARSIZE_ANY_EXHDR(body);
	char	   *bytes = palloc(length + 1);

	if (body != NULL)
		memcpy(bytes, VARDATA_ANY(body), length);
	bytes[length] = '\0';
	request->method = PG_ARGISNULL(ARG_METHOD) ? "POST" : text_to_cstring(PG_GETARG_TEXT_PP(ARG_METHOD));
	request->host = "";
	request->peer = "";
	request->path = psprintf("/in/%s", source->path);
	request->body = bytes;
	request->body_length = length;
	request->fields = palloc(sizeof(WebField) * WEB_MAX_FIELDS);
	if (!PG_ARGISNULL(ARG_HEADERS))
		read_headers(arena, request, PG_GETARG_JSONB_P(ARG_HEADERS));
	read_url(request, PG_ARGISNULL(ARG_URL) ? psprintf("%s%s", text_to_cstring(database), request->path) :
			 text_to_cstring(PG_GETARG_TEXT_PP(ARG_URL)));
}

static Jsonb *
event_document(const NewEvent *event)
{
	JsonbParseState *state = NULL;
	char		buffer[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "type", event->type);
	respond_jsonb_push_text(&state, "subject", event->subject);
	respond_jsonb_push_text(&state, "key", event->key);
	respond_jsonb_push_jsonb(&state, "data", event->data);
	/* what a CloudEvent says of itself; otherwise it is the source, and now */
	if (event->source != NULL)
		respond_jsonb_push_text(&state, "source", event->source);
	if (event->time != 0)
		respond_jsonb_push_text(&state, "time", respond_event_time(event->time, buffer));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Jsonb *
events_document(const InboundVerdict *verdict)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < verdict->event_count; i++)
		respond_jsonb_push_element(&state, event_document(&verdict->events[i]));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/* Secrets are set and cannot be used: no verdict on a request would be right. */
static void
require_secrets(const InboundSource *source)
{
	if (source->fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("a secret of inbound source \"%s\" %s", source->name, source->fault),
				 errhint("Set it again with respond.set_inbound_secret(), or bring back what it was encrypted with.")));
}

static void
judge(FunctionCallInfo fcinfo, InboundSource *source, InboundVerdict *verdict)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	WebRequest	request = {0};
	TimestampTz at = PG_ARGISNULL(ARG_AT) ? GetCurrentTimestamp() : PG_GETARG_TIMESTAMPTZ(ARG_AT);

	require_secrets(source);
	read_request(fcinfo, arena, source, &request);
	respond_inbound_judge_head(source, &request, verdict);
	if (verdict->reason == INBOUND_ACCEPTED)
		respond_inbound_judge(arena, source, &request, respond_public_url(), respond_unix_milliseconds(at), verdict);
}

/* inbound_test(source, headers, body, method, url, at) → ok, reason, events */
Datum
respond_inbound_test(PG_FUNCTION_ARGS)
{
	InboundSource *source;
	InboundVerdict verdict = {INBOUND_NO_SOURCE};
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};

	/* headers hold what some senders are known by */
	respond_log_filter_mark();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	source = PG_ARGISNULL(ARG_SOURCE) ? NULL : respond_source_find(text_to_cstring(PG_GETARG_TEXT_PP(ARG_SOURCE)));
	if (source != NULL && source->enabled)
	{
		PG_TRY();
		{
			judge(fcinfo, source, &verdict);
		}
		PG_FINALLY();
		{
			respond_source_close(source);
		}
		PG_END_TRY();
	}
	values[0] = BoolGetDatum(verdict.reason == INBOUND_ACCEPTED);
	nulls[1] = verdict.reason == INBOUND_ACCEPTED;
	if (!nulls[1])
		values[1] = CStringGetTextDatum(respond_inbound_reason_word(verdict.reason));
	values[2] = JsonbPGetDatum(events_document(&verdict));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
