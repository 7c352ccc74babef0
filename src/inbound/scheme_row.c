/*-------------------------------------------------------------------------
 * scheme_row.c
 *	  Rows of respond.inbound_scheme, and the trigger that refuses those that cannot work.
 *
 * src/inbound/scheme_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "inbound/column_refuse.h"
#include "inbound/request_path.h"
#include "inbound/scheme_row.h"
#include "template/template_jsonb.h"
#include "wire/ascii_case.h"
#include "wire/http_header.h"

PG_FUNCTION_INFO_V1(respond_inbound_scheme_validate);

#define LONGEST_TOLERANCE	SECS_PER_DAY

static const ShapeColumn scheme_columns[] = {
	{"name", TEXTOID},
	{"description", TEXTOID},
	{"algorithm", TEXTOID},
	{"header", TEXTOID},
	{"signature_path", TEXTOID},
	{"prefix", TEXTOID},
	{"public_prefix", TEXTOID},
	{"separator", TEXTOID},
	{"pairs", TEXTOID},
	{"encoding", TEXTOID},
	{"secret_form", TEXTOID},
	{"signed", TEXTOID},
	{"timestamp_header", TEXTOID},
	{"timestamp_path", TEXTOID},
	{"milliseconds", BOOLOID},
	{"tolerance", INTERVALOID},
	{"id_path", TEXTOID},
	{"type_path", TEXTOID},
	{"event_type", TEXTOID},
	{"subject", TEXTOID},
	{"key", TEXTOID},
	{"split", TEXTOID},
	{"challenge", TEXTOID},
	{"answer", TEXTOID},
	{"built_in", BOOLOID},
};

StaticAssertDecl(lengthof(scheme_columns) == SCHEME_COLUMNS, "each column of respond.inbound_scheme has its type");

const Shape respond_shape_inbound_scheme = SHAPE("respond.inbound_scheme", scheme_columns);

static KeptPlan find_user = {
	"SELECT s.name FROM respond.inbound_source AS s WHERE s.scheme OPERATOR(pg_catalog.=) $1 ORDER BY s.name LIMIT 1",
	1, {TEXTOID}
};

/* Which of the words, which end with NULL, the column holds; the first when it is NULL. */
static int
read_word(const Datum *values, const bool *nulls, int column, const char *const *words)
{
	const char *name = scheme_columns[column].name;
	char	   *word = respond_row_text(values, nulls, column);
	StringInfoData list;

	if (word == NULL)
		return 0;
	initStringInfo(&list);
	for (int i = 0; words[i] != NULL; i++)
	{
		if (strcmp(word, words[i]) == 0)
			return i;
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	respond_column_refuse(name, psprintf("\"%s\" is not one of %s", word, list.data), NULL);
	return 0;
}

/* What is compared with bytes of a request is ASCII: other characters are other bytes in another encoding. */
static char *
read_ascii(const Datum *values, const bool *nulls, int column)
{
	char	   *text = respond_row_text(values, nulls, column);

	for (const char *c = text; c != NULL && *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			respond_column_refuse(scheme_columns[column].name, "holds a character that is not ASCII", NULL);
	return text;
}

/* The place that a column with a path names; NULL: none. */
static char *
read_path(const Datum *values, const bool *nulls, int column, bool in_body)
{
	const char *name = scheme_columns[column].name;
	char	   *path = respond_row_text(values, nulls, column);
	const char *fault = path == NULL ? NULL : respond_request_path_fault(path);

	if (fault != NULL)
		respond_column_refuse(name, fault, "For example data.event.id or headers.x-request-id.");
	if (path != NULL && in_body && strncmp(path, "data.", strlen("data.")) != 0)
		respond_column_refuse(name, "is for what stands in the body, and begins with \"data.\"",
							  "A header is named in a column of its own.");
	return path;
}

/* The place that a column with a header and another with a path in the body name; NULL: none. */
static char *
read_place(const Datum *values, const bool *nulls, int header_column, int path_column)
{
	const char *name = scheme_columns[header_column].name;
	char	   *header = read_ascii(values, nulls, header_column);
	char	   *path = read_path(values, nulls, path_column, true);
	const char *fault;

	if (header == NULL)
		return path;
	if (path != NULL)
		respond_column_refuse(scheme_columns[path_column].name, psprintf("cannot stand beside %s", name), NULL);
	fault = respond_http_header_check(header, NULL);
	if (fault != NULL)
		respond_column_refuse(name, fault, NULL);
	for (char *c = header; *c != '\0'; c++)
		*c = respond_ascii_lower(*c);
	return psprintf("headers.%s", header);
}

static int
read_tolerance(const Datum *values, const bool *nulls)
{
	Interval   *tolerance;
	int64		seconds;

	if (nulls[SCHEME_TOLERANCE])
		return SCHEME_NO_TOLERANCE;
	tolerance = DatumGetIntervalP(values[SCHEME_TOLERANCE]);
	seconds = tolerance->month != 0 || tolerance->day < 0 || tolerance->day > 1 ? 0 :
		tolerance->day * (int64) SECS_PER_DAY + tolerance->time / USECS_PER_SEC;
	if (seconds < 1 || seconds > LONGEST_TOLERANCE)
		respond_column_refuse("tolerance", "must be from a second to a day", "NULL: a request may be of any age.");
	return (int) seconds;
}

static char
read_separator(const Datum *values, const bool *nulls)
{
	char	   *separator = read_ascii(values, nulls, SCHEME_SEPARATOR);

	if (separator == NULL)
		return '\0';
	if (strlen(separator) != 1 || strchr(",; ", *separator) == NULL)
		respond_column_refuse("separator", "must be a comma, a semicolon or a blank", NULL);
	return *separator;
}

static ChallengeKind
read_challenge(const Datum *values, const bool *nulls)
{
	char	   *word = respond_row_text(values, nulls, SCHEME_CHALLENGE);
	ChallengeKind kind = CHALLENGE_NONE;

	if (word != NULL && !respond_challenge_kind(word, &kind))
		respond_column_refuse("challenge",
							  psprintf("\"%s\" is not one of slack, discord, zoom, meta, cloudevents", word), NULL);
	return kind;
}

const char *
respond_scheme_split_fault(const char *path)
{
	if (strcmp(path, "data") == 0)
		return NULL;
	return strncmp(path, "data.", strlen("data.")) != 0 ? "is neither \"data\" nor begins with \"data.\"" :
		respond_request_path_fault(path);
}

static char *
read_template(const Datum *values, const bool *nulls, int column)
{
	char	   *text = respond_row_text(values, nulls, column);

	if (text != NULL)
		respond_template_compile_in(CurrentMemoryContext, text, strlen(text), scheme_columns[column].name);
	return text;
}

static char *
read_split(const Datum *values, const bool *nulls)
{
	char	   *path = respond_row_text(values, nulls, SCHEME_SPLIT);
	const char *fault = path == NULL ? NULL : respond_scheme_split_fault(path);

	if (fault != NULL)
		respond_column_refuse("split", fault, "For example data.alerts, or data when the body itself is the list.");
	return path;
}

static bool
read_answer(const Datum *values, const bool *nulls)
{
	char	   *word = respond_row_text(values, nulls, SCHEME_ANSWER);

	if (word != NULL && strcmp(word, "pagerduty") != 0)
		respond_column_refuse("answer", psprintf("\"%s\" is not pagerduty", word), "NULL: as all others are answered.");
	return word != NULL;
}

/*
 * What is built in is what the installed version makes of it; another row
 * is what is in it.
 */
static void
read_definition(const Datum *values, const bool *nulls, SchemeRow *row)
{
	static const int parts[] = {SCHEME_ALGORITHM, SCHEME_HEADER, SCHEME_SIGNATURE_PATH, SCHEME_PREFIX,
		SCHEME_PUBLIC_PREFIX, SCHEME_SEPARATOR, SCHEME_PAIRS, SCHEME_ENCODING, SCHEME_SECRET_FORM, SCHEME_SIGNED,
		SCHEME_TIMESTAMP_HEADER, SCHEME_TIMESTAMP_PATH, SCHEME_ID_PATH, SCHEME_CHALLENGE, SCHEME_ANSWER
	};
	bool		built_in = !nulls[SCHEME_BUILT_IN] && DatumGetBool(values[SCHEME_BUILT_IN]);
	StringInfoData digest;

	initStringInfo(&digest);
	respond_secret_digest_add(&digest, "built_in", built_in ? row->name : NULL);
	for (int i = 0; i < lengthof(parts) && !built_in; i++)
		respond_secret_digest_add(&digest, scheme_columns[parts[i]].name, respond_row_text(values, nulls, parts[i]));
	if (!built_in)
		respond_secret_digest_add(&digest, "milliseconds", row->scheme.milliseconds ? "true" : "false");
	respond_secret_digest_end(&digest, row->definition);
}

void
respond_scheme_row_read(const Datum *values, const bool *nulls, SchemeRow *row)
{
	static const char *const algorithms[] = {"none", "hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519", "ecdsa",
	"basic", "bearer", NULL};
	static const char *const encodings[] = {"hex", "base64", NULL};
	static const char *const forms[] = {"text", "hex", "base64", NULL};
	InboundScheme *scheme = &row->scheme;
	const char *column;
	const char *fault;

	memset(row, 0, sizeof(*row));
	scheme->algorithm = (SignatureAlgorithm) read_word(values, nulls, SCHEME_ALGORITHM, algorithms);
	scheme->encoding = (SignatureEncoding) read_word(values, nulls, SCHEME_ENCODING, encodings);
	scheme->secret_form = (SecretForm) read_word(values, nulls, SCHEME_SECRET_FORM, forms);
	scheme->signature_place = read_place(values, nulls, SCHEME_HEADER, SCHEME_SIGNATURE_PATH);
	scheme->prefix = read_ascii(values, nulls, SCHEME_PREFIX);
	scheme->public_prefix = read_ascii(values, nulls, SCHEME_PUBLIC_PREFIX);
	scheme->separator = read_separator(values, nulls);
	scheme->pairs = read_ascii(values, nulls, SCHEME_PAIRS);
	scheme->signed_text = read_ascii(values, nulls, SCHEME_SIGNED);
	scheme->timestamp_place = read_place(values, nulls, SCHEME_TIMESTAMP_HEADER, SCHEME_TIMESTAMP_PATH);
	scheme->milliseconds = !nulls[SCHEME_MILLISECONDS] && DatumGetBool(values[SCHEME_MILLISECONDS]);
	scheme->tolerance = read_tolerance(values, nulls);
	scheme->id_place = read_path(values, nulls, SCHEME_ID_PATH, false);
	row->name = respond_row_text(values, nulls, SCHEME_NAME);
	row->type_place = read_path(values, nulls, SCHEME_TYPE_PATH, false);
	row->event_type = read_template(values, nulls, SCHEME_EVENT_TYPE);
	row->subject = read_template(values, nulls, SCHEME_SUBJECT);
	row->key = read_template(values, nulls, SCHEME_KEY);
	row->split = read_split(values, nulls);
	row->challenge = read_challenge(values, nulls);
	row->answers_as_pagerduty = read_answer(values, nulls);
	read_definition(values, nulls, row);
	if (scheme->public_prefix != NULL && !respond_scheme_has_signature(scheme))
		respond_column_refuse("public_prefix", "is for signatures, which this algorithm does not make", NULL);
	fault = respond_scheme_fault(scheme, &column);
	if (fault != NULL)
		respond_column_refuse(column, fault, NULL);
}

/*
 * Whoever gives a source a scheme holds a lock on the scheme's row, for which
 * a change waits; then a snapshot of its own sees the source.
 */
static void
check_unused(const SchemeRow *before, const SchemeRow *after)
{
	Datum		parameter = CStringGetTextDatum(before->name);
	const char *source = NULL;

	if (after != NULL && strcmp(after->name, before->name) == 0 &&
		memcmp(after->definition, before->definition, SECRET_DIGEST_SIZE) == 0)
		return;
	SPI_connect();
	if (respond_kept_plan_run_newest(&find_user, &parameter, NULL) > 0)
		source = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (source != NULL)
		respond_column_refuse("name", psprintf("scheme \"%s\" is used by source \"%s\"%s", before->name, source,
							  after == NULL ? "" : "; what it does with secrets cannot change, nor its name"),
							  after == NULL ? "Delete the source first, or give it another scheme." :
							  "Insert a scheme of another name, and give it to the source together with its secrets.");
	SPI_finish();
}

/* inbound_scheme_validate(): BEFORE INSERT OR UPDATE OR DELETE ON respond.inbound_scheme FOR EACH ROW */
Datum
respond_inbound_scheme_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "inbound_scheme_validate", "BEFORE", "ROW", "inbound_scheme");
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		values[SCHEME_COLUMNS];
	bool		nulls[SCHEME_COLUMNS];
	SchemeRow	before;
	SchemeRow	row;
	char	   *name;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		respond_shape_deform(&respond_shape_inbound_scheme, desc, trigger->tg_trigtuple, values, nulls);
		if (!nulls[SCHEME_BUILT_IN] && DatumGetBool(values[SCHEME_BUILT_IN]))
			respond_column_refuse("built_in", psprintf("scheme \"%s\" is part of pg_respond and cannot be changed",
								  respond_row_text(values, nulls, SCHEME_NAME)),
								  "Insert a scheme of another name.");
		respond_scheme_row_read(values, nulls, &before);
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		check_unused(&before, NULL);
		return PointerGetDatum(tuple);
	}
	respond_shape_deform(&respond_shape_inbound_scheme, desc, tuple, values, nulls);
	name = respond_row_text(values, nulls, SCHEME_NAME);
	if (name != NULL)
		respond_name_check("scheme", name);
	if (!nulls[SCHEME_BUILT_IN] && DatumGetBool(values[SCHEME_BUILT_IN]))
		respond_column_refuse("built_in", "is for the schemes of pg_respond itself", NULL);
	respond_scheme_row_read(values, nulls, &row);
	if (is_update)
		check_unused(&before, &row);
	return PointerGetDatum(tuple);
}
