/*-------------------------------------------------------------------------
 * channel_kind_validate.c
 *	  The triggers of respond.channel_kind: what cannot work is refused.
 *
 * A kind has an id beside its name.  Channels refer to it by that, so a kind
 * that is made anew under a name that was free is not theirs.  Instead of a
 * foreign key, which would be in the way of a parallel restore, whoever gives
 * a channel a kind locks the kind's row FOR KEY SHARE; a deletion and a change
 * of the name wait for that, and then look for channels with a snapshot of
 * their own, not with that of a transaction that may be older.
 *
 * src/channel/channel_kind_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "channel/channel_kind.h"
#include "channel/hmac_scheme.h"
#include "channel/identity.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/shape.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "wire/http_header.h"
#include "wire/url.h"

PG_FUNCTION_INFO_V1(respond_channel_kind_validate);
PG_FUNCTION_INFO_V1(respond_channel_kind_renamed);

/* Columns of respond.channel_kind in order. */
enum
{
	KIND_NAME, KIND_TRANSPORT, KIND_DESCRIPTION, KIND_METHOD, KIND_URL, KIND_HEADERS, KIND_BODY, KIND_ENCODING,
	KIND_ESCAPE, KIND_SIGNATURE, KIND_AUTH, KIND_NEEDS_TEXT, KIND_OPTIONS, KIND_REQUIRED, KIND_BUILT_IN,
	KIND_MAX_TEXT, KIND_ID, KIND_HMAC,
	KIND_COLUMNS
};

static const ShapeColumn kind_columns[] = {
	{"name", TEXTOID},
	{"transport", TEXTOID},
	{"description", TEXTOID},
	{"method", TEXTOID},
	{"url", TEXTOID},
	{"headers", JSONBOID},
	{"body", JSONBOID},
	{"encoding", TEXTOID},
	{"escape", TEXTOID},
	{"signature", BOOLOID},
	{"auth", TEXTOID},
	{"needs_text", BOOLOID},
	{"options", JSONBOID},
	{"required_options", TEXTARRAYOID},
	{"built_in", BOOLOID},
	{"max_text", INT4OID},
	{"id", UUIDOID},
	{"hmac", JSONBOID},
};

StaticAssertDecl(lengthof(kind_columns) == KIND_COLUMNS, "each column of respond.channel_kind has its type");

const Shape respond_shape_channel_kind = SHAPE("respond.channel_kind", kind_columns);

static KeptPlan find_user = {
	"SELECT c.name FROM respond.channel AS c WHERE c.kind_id OPERATOR(pg_catalog.=) $1 ORDER BY c.name LIMIT 1",
	1, {UUIDOID}
};

static KeptPlan rename_kind = {
	"UPDATE respond.channel AS c SET kind = $2 WHERE c.kind_id OPERATOR(pg_catalog.=) $1",
	2, {UUIDOID, TEXTOID}
};

static ChannelTransport
transport_of(const char *name)
{
	return strcmp(name, "http") == 0 ? TRANSPORT_HTTP :
		strcmp(name, "smtp") == 0 ? TRANSPORT_SMTP : TRANSPORT_NOTIFY;
}

static void
refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static void
check_headers(Jsonb *headers)
{
	JsonValue  *object = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), headers);

	if (object->kind != JSON_KIND_OBJECT)
		refuse("headers", "must be a JSON object", NULL);
	for (size_t i = 0; i < object->count; i++)
	{
		const JsonMember *header = &object->members[i];
		const char *fault = respond_http_header_check_name(header->name);

		if (fault != NULL)
			refuse(psprintf("headers.%s", header->name), fault, NULL);
		if (header->value->kind != JSON_KIND_STRING)
			refuse(psprintf("headers.%s", header->name), "must be a text", NULL);
		fault = respond_http_header_check(header->name, header->value->text);
		if (fault != NULL)
			refuse(psprintf("headers.%s", header->name), fault, NULL);
		respond_template_compile_in(CurrentMemoryContext, header->value->text, header->value->length,
									psprintf("headers.%s", header->name));
	}
}

static void
check_body(Jsonb *body, const char *encoding)
{
	JsonValue  *value = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), body);

	respond_json_template_compile_in(CurrentMemoryContext, value, "body");
	if (strcmp(encoding, "form") == 0 && value->kind != JSON_KIND_OBJECT)
		refuse("body", "must be a JSON object, which is sent as a form", NULL);
	if (strcmp(encoding, "text") == 0 && value->kind != JSON_KIND_STRING)
		refuse("body", "must be a JSON string, which is sent as text", NULL);
}

static void
check_method(const char *method)
{
	if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "PATCH") != 0 &&
		strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0)
		refuse("method", psprintf("\"%s\" is not one of GET, POST, PUT, PATCH, DELETE", method), NULL);
}

static void
check_url(const char *url, ChannelTransport transport)
{
	TemplateRoots nothing = {0, NULL};
	TemplateValue root = respond_template_from_roots(&nothing);
	Template   *template = respond_template_compile_in(CurrentMemoryContext, url, strlen(url), "url");
	const char *start = respond_url_start(url);
	const char *fault;
	bool		filtered;

	(void) respond_channel_template_names_secret(template, &filtered);
	if (filtered)
		refuse("url", "{{secret}} cannot have a filter", NULL);
	if (start != NULL && strstr(start, "{{") != NULL)
		refuse("url", "scheme, host and port cannot hold a tag", NULL);
	fault = respond_url_check(respond_template_render_cstring(template, &root, TEMPLATE_ESCAPE_URL, NULL),
							  transport, NULL);
	if (fault != NULL)
		refuse("url", psprintf("it %s", fault), NULL);
}

/* Channels without a url of their own go with that of the kind. */
static void
check_same_host(const Datum *old_values, const bool *old_nulls, const Datum *values, const bool *nulls)
{
	ChannelTransport transport = transport_of(respond_row_text(values, nulls, KIND_TRANSPORT));
	char	   *old_host = respond_url_host(respond_row_text(old_values, old_nulls, KIND_URL), transport);
	char	   *host = respond_url_host(respond_row_text(values, nulls, KIND_URL), transport);

	if (strcmp(old_host, host) != 0)
		refuse("url", "a kind cannot be sent to another host", "Insert a kind of another name.");
}

static void
check_row(const Datum *values, const bool *nulls)
{
	char	   *text;
	char	   *transport = respond_row_text(values, nulls, KIND_TRANSPORT);
	char	   *encoding = respond_row_text(values, nulls, KIND_ENCODING);
	Jsonb	   *json;

	if ((text = respond_row_text(values, nulls, KIND_NAME)) != NULL)
		respond_name_check("kind", text);
	if (!nulls[KIND_METHOD])
		check_method(respond_row_text(values, nulls, KIND_METHOD));
	if (!nulls[KIND_URL] && transport != NULL)
		check_url(respond_row_text(values, nulls, KIND_URL), transport_of(transport));
	if ((json = respond_row_jsonb(values, nulls, KIND_HEADERS)) != NULL)
		check_headers(json);
	if ((json = respond_row_jsonb(values, nulls, KIND_BODY)) != NULL && encoding != NULL)
		check_body(json, encoding);
	if ((json = respond_row_jsonb(values, nulls, KIND_OPTIONS)) != NULL && !JB_ROOT_IS_OBJECT(json))
		refuse("options", "must be a JSON object of the options with their defaults", NULL);
	if (json != NULL && text != NULL && transport != NULL)
	{
		/* a default counts as if the channel had it */
		ChannelKind kind = {.name = text,.transport = transport_of(transport),.options = json};

		respond_channel_check_options(&kind, json, NULL);
	}
	if ((json = respond_row_jsonb(values, nulls, KIND_HMAC)) != NULL)
		(void) respond_hmac_scheme_read(json);
	if (!nulls[KIND_HMAC] && transport != NULL && transport_of(transport) != TRANSPORT_HTTP)
		refuse("hmac", "is for kinds whose transport is http", NULL);
	if (!nulls[KIND_BUILT_IN] && DatumGetBool(values[KIND_BUILT_IN]))
		refuse("built_in", "is for the kinds of pg_respond itself", NULL);
}

static void
check_unused(const char *name, Datum id)
{
	SPI_connect();
	if (respond_kept_plan_run_newest(&find_user, &id, NULL) > 0)
		refuse("name", psprintf("kind \"%s\" is used by channel \"%s\"", name,
								SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1)),
			   "Delete the channel first, or give it another kind.");
	SPI_finish();
}

/* channel_kind_validate(): BEFORE INSERT OR UPDATE OR DELETE ON respond.channel_kind FOR EACH ROW */
Datum
respond_channel_kind_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "channel_kind_validate", "BEFORE", "ROW", "channel_kind");
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		old_values[KIND_COLUMNS];
	bool		old_nulls[KIND_COLUMNS];
	Datum		values[KIND_COLUMNS];
	bool		nulls[KIND_COLUMNS];

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		respond_shape_deform(&respond_shape_channel_kind, desc, trigger->tg_trigtuple, old_values, old_nulls);
		/* both columns are NOT NULL, but a superuser can change that */
		if (old_nulls[KIND_ID] || old_nulls[KIND_NAME])
			refuse("id", "the row has no id or no name", "Give it both under session_replication_role = replica.");
		if (DatumGetBool(old_values[KIND_BUILT_IN]))
			refuse("built_in", psprintf("kind \"%s\" is part of pg_respond and cannot be changed",
										respond_row_text(old_values, old_nulls, KIND_NAME)),
				   "Insert a kind of another name.");
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		check_unused(respond_row_text(old_values, old_nulls, KIND_NAME), old_values[KIND_ID]);
		return PointerGetDatum(tuple);
	}
	respond_shape_deform(&respond_shape_channel_kind, desc, tuple, values, nulls);
	check_row(values, nulls);
	if (is_update)
		check_same_host(old_values, old_nulls, values, nulls);
	respond_identity_set(&values[KIND_ID], &nulls[KIND_ID], is_update ? &old_values[KIND_ID] : NULL);
	return PointerGetDatum(respond_shape_modify(&respond_shape_channel_kind, desc, tuple, values, nulls));
}

/* channel_kind_renamed(): AFTER UPDATE ON respond.channel_kind FOR EACH ROW: channels show the new name. */
Datum
respond_channel_kind_renamed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "channel_kind_renamed", "AFTER", "ROW", "channel_kind");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		old_values[KIND_COLUMNS];
	bool		old_nulls[KIND_COLUMNS];
	Datum		values[KIND_COLUMNS];
	bool		nulls[KIND_COLUMNS];

	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"channel_kind_renamed\" must be a trigger AFTER UPDATE")));
	respond_shape_deform(&respond_shape_channel_kind, desc, trigger->tg_trigtuple, old_values, old_nulls);
	respond_shape_deform(&respond_shape_channel_kind, desc, trigger->tg_newtuple, values, nulls);
	if (strcmp(respond_row_text(old_values, old_nulls, KIND_NAME), respond_row_text(values, nulls, KIND_NAME)) != 0)
	{
		Datum		parameters[2] = {values[KIND_ID], values[KIND_NAME]};

		SPI_connect();
		respond_kept_plan_run_newest(&rename_kind, parameters, NULL);
		SPI_finish();
	}
	return PointerGetDatum(NULL);
}
