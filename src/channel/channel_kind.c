/*-------------------------------------------------------------------------
 * channel_kind.c
 *	  Kinds of channels: rows of respond.channel_kind, compiled.
 *
 * src/channel/channel_kind.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "channel/channel_kind.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/kept_plan.h"

/* Columns of CHANNEL_KIND_COLUMNS. */
enum
{
	COLUMN_ID, COLUMN_NAME, COLUMN_TRANSPORT, COLUMN_METHOD, COLUMN_URL, COLUMN_HEADERS, COLUMN_BODY, COLUMN_ENCODING,
	COLUMN_ESCAPE, COLUMN_SIGNATURE, COLUMN_AUTH, COLUMN_NEEDS_TEXT, COLUMN_BUILT_IN, COLUMN_OPTIONS, COLUMN_REQUIRED,
	COLUMN_MAX_TEXT, COLUMN_HMAC
};

static KeptPlan read_kind_by_id = {
	"SELECT " CHANNEL_KIND_COLUMNS " FROM respond.channel_kind AS k WHERE k.id OPERATOR(pg_catalog.=) $1",
	1, {UUIDOID}
};

static KeptPlan lock_kind = {
	"SELECT k.id FROM respond.channel_kind AS k WHERE k.name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE",
	1, {TEXTOID}
};

/* A row and where its columns begin. */
typedef struct KindRow
{
	HeapTuple	tuple;
	TupleDesc	desc;
	int			first;
} KindRow;

static char *
text_of(const KindRow *row, int column)
{
	return SPI_getvalue(row->tuple, row->desc, row->first + column);
}

static Datum
value_of(const KindRow *row, int column, bool *is_null)
{
	return SPI_getbinval(row->tuple, row->desc, row->first + column, is_null);
}

static bool
boolean_of(const KindRow *row, int column)
{
	bool		is_null;
	Datum		value = value_of(row, column, &is_null);

	return !is_null && DatumGetBool(value);
}

static Jsonb *
jsonb_of(const KindRow *row, int column)
{
	bool		is_null;
	Datum		value = value_of(row, column, &is_null);

	return is_null ? NULL : DatumGetJsonbPCopy(value);
}

static ChannelTransport
transport_of(const char *name)
{
	return strcmp(name, "http") == 0 ? TRANSPORT_HTTP :
		strcmp(name, "smtp") == 0 ? TRANSPORT_SMTP : TRANSPORT_NOTIFY;
}

static void
read_required(ChannelKind *kind, const KindRow *row)
{
	bool		is_null;
	Datum		value = value_of(row, COLUMN_REQUIRED, &is_null);
	Datum	   *items;
	bool	   *nulls;

	if (is_null)
		return;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls,
					  &kind->required_count);
	kind->required = palloc(sizeof(char *) * Max(kind->required_count, 1));
	for (int i = 0; i < kind->required_count; i++)
		kind->required[i] = nulls[i] ? "" : TextDatumGetCString(items[i]);
}

/* What is found of {{secret}} in a template. */
typedef struct SecretUse
{
	bool		named;
	bool		filtered;
} SecretUse;

static void
note_secret(void *state, const TemplatePathUse *use)
{
	SecretUse  *found = state;

	if (!use->whole || use->root_length != strlen("secret") || memcmp(use->root, "secret", use->root_length) != 0)
		return;
	found->named = true;
	found->filtered |= use->filtered;
}

static void
note_json_secret(void *state, const char *where, const TemplatePathUse *use)
{
	note_secret(state, use);
}

bool
respond_channel_template_names_secret(const Template *template, bool *filtered)
{
	SecretUse	found = {0};

	respond_template_each_path(template, note_secret, &found);
	*filtered = found.filtered;
	return found.named;
}

/* A mark stands in its place, which must stay whole. */
static void
refuse_filter(const char *place)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: {{secret}} cannot have a filter", place)));
}

static void
read_headers(ChannelKind *kind, Jsonb *headers, StringInfo digest)
{
	JsonValue  *object = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), headers);

	kind->headers = palloc0(sizeof(KindHeader) * Max(object->count, 1));
	for (size_t i = 0; i < object->count; i++)
	{
		const JsonValue *text = object->members[i].value;
		KindHeader *header = &kind->headers[kind->header_count++];
		bool		filtered;

		header->name = pstrdup(object->members[i].name);
		header->value = respond_template_compile_in(CurrentMemoryContext, text->text, text->length, "headers");
		if (!respond_channel_template_names_secret(header->value, &filtered))
			continue;
		if (filtered)
			refuse_filter(psprintf("headers.%s", header->name));
		kind->names_secret = true;
		respond_secret_digest_add(digest, "header", header->name);
		respond_secret_digest_add(digest, "value", pnstrdup(text->text, text->length));
	}
}

static void
read_body(ChannelKind *kind, Jsonb *body, const char *encoding, StringInfo digest)
{
	SecretUse	found = {0};
	const JsonValue *value;

	if (body == NULL)
		return;
	value = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), body);
	kind->body = respond_json_template_compile_in(CurrentMemoryContext, value, "body");
	respond_json_template_each_path(kind->body, note_json_secret, &found);
	if (!found.named)
		return;
	if (found.filtered)
		refuse_filter("body");
	kind->names_secret = true;
	respond_secret_digest_add(digest, "body", JsonbToCString(NULL, &body->root, VARSIZE(body)));
	respond_secret_digest_add(digest, "encoding", encoding);
}

static void
read_hmac(ChannelKind *kind, Jsonb *hmac, StringInfo digest)
{
	if (hmac == NULL)
		return;
	kind->hmac = respond_hmac_scheme_read(hmac);
	respond_secret_digest_add(digest, "hmac", JsonbToCString(NULL, &hmac->root, VARSIZE(hmac)));
}

ChannelKind *
respond_channel_kind_compile(HeapTuple tuple, TupleDesc desc, int first)
{
	KindRow		row = {tuple, desc, first};
	ChannelKind *kind = palloc0(sizeof(ChannelKind));
	char	   *transport = text_of(&row, COLUMN_TRANSPORT);
	char	   *encoding = text_of(&row, COLUMN_ENCODING);
	char	   *auth = text_of(&row, COLUMN_AUTH);
	char	   *escape = text_of(&row, COLUMN_ESCAPE);
	StringInfoData digest;
	bool		is_null;
	Datum		max_text;

	kind->id = *DatumGetUUIDP(value_of(&row, COLUMN_ID, &is_null));
	kind->name = text_of(&row, COLUMN_NAME);
	kind->transport = transport_of(transport);
	kind->encoding = strcmp(encoding, "json") == 0 ? ENCODING_JSON :
		strcmp(encoding, "form") == 0 ? ENCODING_FORM : ENCODING_TEXT;
	kind->auth = auth == NULL ? AUTH_NONE : strcmp(auth, "basic") == 0 ? AUTH_BASIC : AUTH_BEARER;
	if (!respond_template_escape_by_name(escape, strlen(escape), &kind->escape))
		elog(ERROR, "unexpected escape \"%s\"", escape);
	kind->method = text_of(&row, COLUMN_METHOD);
	kind->url = text_of(&row, COLUMN_URL);
	kind->signature = boolean_of(&row, COLUMN_SIGNATURE);
	kind->needs_text = boolean_of(&row, COLUMN_NEEDS_TEXT);
	kind->built_in = boolean_of(&row, COLUMN_BUILT_IN);
	kind->options = jsonb_of(&row, COLUMN_OPTIONS);
	read_required(kind, &row);
	max_text = value_of(&row, COLUMN_MAX_TEXT, &is_null);
	kind->max_text = is_null ? 0 : DatumGetInt32(max_text);

	initStringInfo(&digest);
	respond_secret_digest_add(&digest, "transport", transport);
	respond_secret_digest_add(&digest, "auth", auth);
	respond_secret_digest_add(&digest, "signature", kind->signature ? "standard-webhooks" : NULL);
	read_hmac(kind, jsonb_of(&row, COLUMN_HMAC), &digest);
	read_headers(kind, jsonb_of(&row, COLUMN_HEADERS), &digest);
	read_body(kind, jsonb_of(&row, COLUMN_BODY), encoding, &digest);
	respond_secret_digest_end(&digest, kind->digest);
	return kind;
}

/* Of the one row that SPI has, in the memory context of the caller. */
static ChannelKind *
compile_found(MemoryContext caller)
{
	MemoryContext spi = MemoryContextSwitchTo(caller);
	ChannelKind *kind = respond_channel_kind_compile(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

	MemoryContextSwitchTo(spi);
	return kind;
}

const ChannelKind *
respond_channel_kind_read_by_id(const pg_uuid_t *id)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = UUIDPGetDatum(id);
	ChannelKind *kind = NULL;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(&read_kind_by_id, &value, NULL) > 0)
		kind = compile_found(caller);
	SPI_finish();
	return kind;
}

bool
respond_channel_kind_lock(const char *name, pg_uuid_t *id)
{
	Datum		value = CStringGetTextDatum(name);
	bool		found;
	bool		is_null;

	SPI_connect();
	found = respond_kept_plan_run_as_owner(&lock_kind, &value, NULL) > 0;
	if (found)
		*id = *DatumGetUUIDP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}

bool
respond_channel_kind_has_option(const ChannelKind *kind, const char *name)
{
	return getKeyJsonValueFromContainer(&kind->options->root, name, strlen(name), NULL) != NULL;
}

char *
respond_channel_kind_option_names(const ChannelKind *kind)
{
	JsonValue  *options = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), kind->options);
	StringInfoData names;

	initStringInfo(&names);
	for (size_t i = 0; i < options->count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", options->members[i].name);
	return options->count > 0 ? names.data : "none";
}
