/*-------------------------------------------------------------------------
 * source.c
 *	  Inbound sources: who may send requests, and what events these become.
 *
 * src/inbound/source.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include <openssl/crypto.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"

#include "common/arena_server.h"
#include "common/contain.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_parse.h"
#include "common/kept_plan.h"
#include "common/row_values.h"
#include "inbound/column_refuse.h"
#include "inbound/source.h"
#include "secret/channel_secret.h"
#include "secret/source_secret.h"

static const ShapeColumn source_columns[] = {
	{"name", TEXTOID},
	{"path", TEXTOID},
	{"scheme", TEXTOID},
	{"secret", TEXTOID},
	{"secrets", TEXTARRAYOID},
	{"event_type", TEXTOID},
	{"subject", TEXTOID},
	{"key", TEXTOID},
	{"data", TEXTOID},
	{"split", TEXTOID},
	{"dedup", TEXTOID},
	{"allow_networks", TEXTARRAYOID},
	{"rate_limit", FLOAT8OID},
	{"max_body", INT4OID},
	{"enabled", BOOLOID},
	{"description", TEXTOID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"id", UUIDOID},
};

StaticAssertDecl(lengthof(source_columns) == SOURCE_COLUMNS, "each column of respond.inbound_source has its type");

const Shape respond_shape_inbound_source = SHAPE("respond.inbound_source", source_columns);

#define SOURCE_ROW_COLUMNS \
	"s.name, s.path, s.scheme, s.secret, s.secrets, s.event_type, s.subject, s.key, s.data, s.split, s.dedup," \
	" s.allow_networks, s.rate_limit, s.max_body, s.enabled, s.description, s.created_at, s.updated_at, s.id"

#define SOURCE_QUERY \
	"SELECT " SOURCE_ROW_COLUMNS ", " SCHEME_ROW_COLUMNS " FROM respond.inbound_source AS s" \
	" JOIN respond.inbound_scheme AS k ON k.name OPERATOR(pg_catalog.=) s.scheme"

static KeptPlan find_source = {SOURCE_QUERY " WHERE s.name OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}};
static KeptPlan find_all = {SOURCE_QUERY " ORDER BY s.name", 0};
static KeptPlan lock_scheme = {
	"SELECT " SCHEME_ROW_COLUMNS " FROM respond.inbound_scheme AS k WHERE k.name OPERATOR(pg_catalog.=) $1 FOR SHARE",
	1, {TEXTOID}
};

/* Characters of a path that stand for themselves in a url (RFC 3986 section 2.3), and slashes. */
const char *
respond_source_path(const char *path)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const char *part;

	path += *path == '/' ? 1 : 0;
	if (*path == '\0')
		respond_column_refuse("path", "is empty", "It is what stands behind /in/ in the url, for example github.");
	if (strlen(path) > SOURCE_LONGEST_PATH)
		respond_column_refuse("path", psprintf("is longer than %d bytes", SOURCE_LONGEST_PATH), NULL);
	for (part = path; part != NULL; part = strchr(part, '/') == NULL ? NULL : strchr(part, '/') + 1)
	{
		size_t		length = strcspn(part, "/");

		if (length == 0)
			respond_column_refuse("path", "has an empty part", "A slash stands between two parts.");
		if (strspn(part, letters) < length)
			respond_column_refuse("path", "holds a character that does not stand for itself in a url",
								  "Letters and digits of ASCII are possible, and - . _ ~ /");
		if (strspn(part, ".") == length && length <= 2)
			respond_column_refuse("path", "has a part that means another place", NULL);
	}
	if (strncmp(path, SOURCE_CALLBACK_PATH, strlen(SOURCE_CALLBACK_PATH)) == 0 &&
		strchr("/", path[strlen(SOURCE_CALLBACK_PATH)]) != NULL)
		respond_column_refuse("path", "\"" SOURCE_CALLBACK_PATH "\" is for the answers to steps", NULL);
	return path;
}

bool
respond_source_hides_header(const char *name)
{
	static const char *const parts[] = {"authorization", "cookie", "signature", "token", "secret", "password",
	"api-key", "apikey"};

	for (int i = 0; i < lengthof(parts); i++)
		if (strstr(name, parts[i]) != NULL)
			return true;
	return false;
}

/* What is looked for in the names of a template. */
typedef struct NameUse
{
	const char *column;
	const char *signature_place;
	bool		uses_headers;
} NameUse;

static void
note_name(void *state, const TemplatePathUse *use)
{
	NameUse    *found = state;
	char	   *name;

	if (use->root_length != strlen("headers") || memcmp(use->root, "headers", use->root_length) != 0)
		return;
	found->uses_headers = true;
	if (use->second == NULL)
		return;
	name = pnstrdup(use->second, use->second_length);
	if (respond_source_hides_header(name) ||
		(found->signature_place != NULL && strcmp(found->signature_place, psprintf("headers.%s", name)) == 0))
		respond_column_refuse(found->column,
							  psprintf("header %s is recorded in no event, because it lets in whoever knows it",
									   name), NULL);
}

static void
note_json_name(void *state, const char *where, const TemplatePathUse *use)
{
	note_name(state, use);
}

/* The template of a column, or that of the scheme; NULL: neither. */
static const Template *
read_template(const Datum *values, const bool *nulls, int column, const char *default_text, InboundSource *source)
{
	char	   *own = respond_row_text(values, nulls, column);
	const char *text = own != NULL ? own : default_text;
	NameUse		use = {source_columns[column].name, source->scheme.scheme.signature_place};
	Template   *template;

	if (text == NULL)
		return NULL;
	template = respond_template_compile_in(CurrentMemoryContext, text, strlen(text), source_columns[column].name);
	respond_template_each_path(template, note_name, &use);
	source->uses_headers |= use.uses_headers;
	return template;
}

/* A JSON value whose strings are templates, or one template. */
static void
read_data(const Datum *values, const bool *nulls, InboundSource *source)
{
	char	   *text = respond_row_text(values, nulls, SOURCE_DATA);
	NameUse		use = {"data", source->scheme.scheme.signature_place};
	JsonValue	string = {JSON_KIND_STRING};
	const JsonValue *value = &string;

	if (text == NULL)
		return;
	string.text = text;
	string.length = strlen(text);
	text += strspn(text, " \t\r\n");
	if (strchr("{[\"", *text) != NULL && *text != '\0' && strncmp(text, "{{", 2) != 0)
	{
		Jsonb	   *document = respond_jsonb_parse(text, NULL);

		if (document == NULL)
			respond_column_refuse("data", "is neither JSON nor a template",
								  "For example {\"repository\": \"{{data.repository.full_name}}\"}, or"
								  " {{data.payload}}.");
		value = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), document);
	}
	source->data = respond_json_template_compile_in(CurrentMemoryContext, value, "data");
	respond_json_template_each_path(source->data, note_json_name, &use);
	source->uses_headers |= use.uses_headers;
}

static void
read_split(const Datum *values, const bool *nulls, InboundSource *source)
{
	char	   *own = respond_row_text(values, nulls, SOURCE_SPLIT);
	const char *fault;

	source->split = own != NULL ? own : source->scheme.split;
	/* what is empty says that there is nothing to split, whatever the scheme says */
	if (source->split == NULL || *source->split == '\0')
	{
		source->split = NULL;
		return;
	}
	fault = respond_scheme_split_fault(source->split);
	if (fault != NULL)
		respond_column_refuse("split", fault, "For example data.alerts, or data when the body itself is the list.");
}

static void
read_networks(const Datum *values, const bool *nulls, InboundSource *source)
{
	Datum	   *items;
	bool	   *item_nulls;

	if (nulls[SOURCE_NETWORKS])
		return;
	deconstruct_array(DatumGetArrayTypePCopy(values[SOURCE_NETWORKS]), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &item_nulls, &source->network_count);
	if (source->network_count == 0)
		respond_column_refuse("allow_networks", "is empty, so that nobody could send anything", "NULL: from anywhere.");
	if (source->network_count > SOURCE_MOST_NETWORKS)
		respond_column_refuse("allow_networks", psprintf("has more than %d networks", SOURCE_MOST_NETWORKS), NULL);
	source->networks = palloc(sizeof(Network) * source->network_count);
	for (int i = 0; i < source->network_count; i++)
	{
		char	   *item = item_nulls[i] ? pstrdup("") : TextDatumGetCString(items[i]);
		const char *fault = respond_network_read(item, &source->networks[i]);

		if (fault != NULL)
			respond_column_refuse(psprintf("allow_networks[%d]", i + 1), psprintf("\"%s\" %s", item, fault),
								  "For example 192.0.2.0/24 or 2001:db8::/32.");
	}
}

static void
read_limits(const Datum *values, const bool *nulls, InboundSource *source)
{
	char	   *dedup = respond_row_text(values, nulls, SOURCE_DEDUP);

	if (!nulls[SOURCE_RATE])
	{
		source->rate_limit = DatumGetFloat8(values[SOURCE_RATE]);
		if (!(source->rate_limit >= 0.0001 && source->rate_limit <= SOURCE_MAX_RATE))
			respond_column_refuse("rate_limit", "must be a number of requests per second, from 0.0001 to 1000000",
								  "NULL stands for no limit.");
	}
	source->max_body = nulls[SOURCE_MAX_BODY] ? 0 : (size_t) Max(DatumGetInt32(values[SOURCE_MAX_BODY]), 0);
	if (!nulls[SOURCE_MAX_BODY] && (source->max_body < 1 || source->max_body > SOURCE_LARGEST_BODY))
		respond_column_refuse("max_body", psprintf("must be from 1 to %d bytes", SOURCE_LARGEST_BODY), NULL);
	if (dedup != NULL && strcmp(dedup, "key") != 0 && strcmp(dedup, "body") != 0)
		respond_column_refuse("dedup", psprintf("\"%s\" is not one of key, body", dedup), NULL);
	source->dedup_by_body = dedup != NULL && strcmp(dedup, "body") == 0;
}

void
respond_source_read(const Datum *values, const bool *nulls, const SchemeRow *scheme, InboundSource *source)
{
	char	   *path = respond_row_text(values, nulls, SOURCE_PATH);

	memset(source, 0, sizeof(*source));
	source->scheme = *scheme;
	if (!nulls[SOURCE_ID])
		source->id = *DatumGetUUIDP(values[SOURCE_ID]);
	source->name = respond_row_text(values, nulls, SOURCE_NAME);
	if (source->name != NULL && strlen(source->name) > SOURCE_LONGEST_NAME)
		respond_column_refuse("name", psprintf("is longer than %d bytes", SOURCE_LONGEST_NAME), NULL);
	source->path = path == NULL ? NULL : respond_source_path(path);
	source->event_type = read_template(values, nulls, SOURCE_EVENT_TYPE, scheme->event_type, source);
	source->subject = read_template(values, nulls, SOURCE_SUBJECT, scheme->subject, source);
	source->key = read_template(values, nulls, SOURCE_KEY, scheme->key, source);
	source->own_event_type = !nulls[SOURCE_EVENT_TYPE];
	source->own_subject = !nulls[SOURCE_SUBJECT];
	source->own_key = !nulls[SOURCE_KEY];
	read_data(values, nulls, source);
	read_split(values, nulls, source);
	read_networks(values, nulls, source);
	read_limits(values, nulls, source);
	source->enabled = !nulls[SOURCE_ENABLED] && DatumGetBool(values[SOURCE_ENABLED]);
}

SecretPlace
respond_source_place(const InboundSource *source)
{
	return respond_source_secret_place(&source->id, source->scheme.definition);
}

/* Providers sign with the bytes of UTF-8, whatever the encoding of the database. */
const char *
respond_source_key(const SchemeRow *scheme, const char *secret, SignatureKey *key)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	bool		is_public = scheme->scheme.public_prefix != NULL && respond_signature_key_is_public(secret);
	char	   *utf8 = pg_server_to_any(secret, (int) strlen(secret), PG_UTF8);

	return respond_signature_key_read(arena, is_public ? SIGNATURE_ED25519 : scheme->scheme.algorithm,
									  scheme->scheme.secret_form, utf8, key);
}

void
respond_source_open(InboundSource *source)
{
	SecretPlace place = respond_source_place(source);
	SourceSecrets secrets;

	if (source->scheme.scheme.algorithm == SIGNATURE_NONE)
		return;
	respond_source_secret_read(&place, &secrets);
	source->fault = secrets.fault;
	source->keys = palloc0(sizeof(SignatureKey) * (secrets.count + 1));
	for (int i = 0; i < secrets.count; i++)
		if (respond_source_key(&source->scheme, secrets.secrets[i], &source->keys[source->key_count]) == NULL)
			source->key_count++;
	respond_source_secret_wipe(&secrets);
}

void
respond_source_close(InboundSource *source)
{
	for (int i = 0; i < source->key_count; i++)
		OPENSSL_cleanse(unconstify(unsigned char *, source->keys[i].bytes), source->keys[i].length);
	source->key_count = 0;
}

/* Values of a row that a query gave, from a column on, counted from 1; in the current memory context. */
static void
copy_row(HeapTuple row, TupleDesc desc, int first, int count, Datum *values, bool *nulls)
{
	for (int i = 0; i < count; i++)
	{
		values[i] = SPI_getbinval(row, desc, first + i, &nulls[i]);
		if (!nulls[i])
			values[i] = datumCopy(values[i], TupleDescAttr(desc, first + i - 1)->attbyval,
								  TupleDescAttr(desc, first + i - 1)->attlen);
	}
}

/* Rows of a query, copied, so that SPI is left before anything in them can be at fault. */
typedef struct SourceRow
{
	Datum		values[SOURCE_COLUMNS];
	bool		nulls[SOURCE_COLUMNS];
	Datum		scheme_values[SCHEME_COLUMNS];
	bool		scheme_nulls[SCHEME_COLUMNS];
} SourceRow;

static SourceRow *
read_rows(KeptPlan *plan, Datum *parameters, int *count)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	SourceRow  *rows;

	SPI_connect();
	*count = (int) respond_kept_plan_run_newest(plan, parameters, NULL);
	spi = MemoryContextSwitchTo(caller);
	rows = palloc(sizeof(SourceRow) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		copy_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, SOURCE_COLUMNS, rows[i].values, rows[i].nulls);
		copy_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, SOURCE_COLUMNS + 1, SCHEME_COLUMNS,
				 rows[i].scheme_values, rows[i].scheme_nulls);
	}
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return rows;
}

static InboundSource *
read_source(const SourceRow *row)
{
	InboundSource *source = palloc(sizeof(InboundSource));
	SchemeRow	scheme;

	respond_scheme_row_read(row->scheme_values, row->scheme_nulls, &scheme);
	respond_source_read(row->values, row->nulls, &scheme, source);
	return source;
}

InboundSource *
respond_source_find(const char *name)
{
	Datum		parameter = CStringGetTextDatum(name);
	int			count;
	SourceRow  *row = read_rows(&find_source, &parameter, &count);
	InboundSource *source;

	if (count == 0)
		return NULL;
	source = read_source(row);
	respond_source_open(source);
	return source;
}

/* A row that is read. */
typedef struct Reading
{
	const SourceRow *row;
	InboundSource *source;
} Reading;

static void
read_row(void *argument)
{
	Reading    *reading = argument;

	reading->source = read_source(reading->row);
}

/* A dump may bring rows that no trigger saw; one of them must not be in the way of the others. */
static InboundSource *
read_or_leave_out(const SourceRow *row)
{
	Reading		reading = {row};
	ErrorData  *error = respond_catch(read_row, &reading);

	if (error != NULL)
		ereport(LOG,
				(errmsg("pg_respond: inbound source \"%s\" cannot be used: %s",
						respond_row_text(row->values, row->nulls, SOURCE_NAME), error->message)));
	return error == NULL ? reading.source : NULL;
}

InboundSource **
respond_source_find_all(int *count)
{
	int			found;
	SourceRow  *rows = read_rows(&find_all, NULL, &found);
	InboundSource **sources = palloc(sizeof(InboundSource *) * Max(found, 1));

	*count = 0;
	for (int i = 0; i < found; i++)
	{
		InboundSource *source = read_or_leave_out(&rows[i]);

		if (source == NULL)
			continue;
		respond_source_open(source);
		sources[(*count)++] = source;
	}
	return sources;
}

bool
respond_source_lock_scheme(const char *name, SchemeRow *row)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		parameter = CStringGetTextDatum(name);
	Datum		values[SCHEME_COLUMNS];
	bool		nulls[SCHEME_COLUMNS];
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_newest(&lock_scheme, &parameter, NULL) > 0;
	if (found)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		copy_row(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, SCHEME_COLUMNS, values, nulls);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	if (found)
		respond_scheme_row_read(values, nulls, row);
	return found;
}
