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
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "inbound/request_path.h"
#include "inbound/scheme_row.h"
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
	{"challenge", TEXTOID},
	{"built_in", BOOLOID},
};

StaticAssertDecl(lengthof(scheme_columns) == SCHEME_COLUMNS, "each column of respond.inbound_scheme has its type");

const Shape respond_shape_inbound_scheme = SHAPE("respond.inbound_scheme", scheme_columns);

static void
refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_SOURCE),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

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
	refuse(name, psprintf("\"%s\" is not one of %s", word, list.data), NULL);
	return 0;
}

/* What is compared with bytes of a request is ASCII: other characters are other bytes in another encoding. */
static char *
read_ascii(const Datum *values, const bool *nulls, int column)
{
	char	   *text = respond_row_text(values, nulls, column);

	for (const char *c = text; c != NULL && *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			refuse(scheme_columns[column].name, "holds a character that is not ASCII", NULL);
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
		refuse(name, fault, "For example data.event.id or headers.x-request-id.");
	if (path != NULL && in_body && strncmp(path, "data.", strlen("data.")) != 0)
		refuse(name, "is for what stands in the body, and begins with \"data.\"",
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
		refuse(scheme_columns[path_column].name, psprintf("cannot stand beside %s", name), NULL);
	fault = respond_http_header_check(header, NULL);
	if (fault != NULL)
		refuse(name, fault, NULL);
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
		refuse("tolerance", "must be from a second to a day", "NULL: a request may be of any age.");
	return (int) seconds;
}

static char
read_separator(const Datum *values, const bool *nulls)
{
	char	   *separator = read_ascii(values, nulls, SCHEME_SEPARATOR);

	if (separator == NULL)
		return '\0';
	if (strlen(separator) != 1 || strchr(",; ", *separator) == NULL)
		refuse("separator", "must be a comma, a semicolon or a blank", NULL);
	return *separator;
}

static ChallengeKind
read_challenge(const Datum *values, const bool *nulls)
{
	char	   *word = respond_row_text(values, nulls, SCHEME_CHALLENGE);
	ChallengeKind kind = CHALLENGE_NONE;

	if (word != NULL && !respond_challenge_kind(word, &kind))
		refuse("challenge", psprintf("\"%s\" is not one of slack, discord, zoom, meta, cloudevents", word), NULL);
	return kind;
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
	row->type_place = read_path(values, nulls, SCHEME_TYPE_PATH, false);
	row->challenge = read_challenge(values, nulls);
	if (scheme->public_prefix != NULL && !respond_scheme_has_signature(scheme))
		refuse("public_prefix", "is for signatures, which this algorithm does not make", NULL);
	fault = respond_scheme_fault(scheme, &column);
	if (fault != NULL)
		refuse(column, fault, NULL);
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
	SchemeRow	row;
	char	   *name;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		respond_shape_deform(&respond_shape_inbound_scheme, desc, trigger->tg_trigtuple, values, nulls);
		if (!nulls[SCHEME_BUILT_IN] && DatumGetBool(values[SCHEME_BUILT_IN]))
			refuse("built_in", psprintf("scheme \"%s\" is part of pg_respond and cannot be changed",
										respond_row_text(values, nulls, SCHEME_NAME)),
				   "Insert a scheme of another name.");
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_inbound_scheme, desc, tuple, values, nulls);
	name = respond_row_text(values, nulls, SCHEME_NAME);
	if (name != NULL)
		respond_name_check("scheme", name);
	if (!nulls[SCHEME_BUILT_IN] && DatumGetBool(values[SCHEME_BUILT_IN]))
		refuse("built_in", "is for the schemes of pg_respond itself", NULL);
	respond_scheme_row_read(values, nulls, &row);
	return PointerGetDatum(tuple);
}
