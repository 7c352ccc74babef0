/*-------------------------------------------------------------------------
 * value_json.c
 *	  SQL values of any type as jsonb.
 *
 * The server's to_jsonb() looks up the type for every value and its time zone
 * in the session, and raises when a json is one that jsonb refuses.  Here the
 * type is looked up once, and arrays, rows and common types are converted in
 * place; to_jsonb() remains for types that bring a cast to json.  Anything else
 * becomes what its output function says: whether that depends on settings, and
 * whether it is code of the server, is known beforehand.
 *
 * A json that jsonb refuses (an escaped NUL, half a surrogate pair, a number
 * without end, nesting beyond the stack) stays text.  jsonb's input function
 * holds nothing but memory while it works, so its errors can be caught without
 * a subtransaction.
 *
 * src/common/value_json.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "common/jsonb_parse.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "common/value_json_code.h"

/* Longest text of a document that is appended. */
#define MOST_APPENDED	((Size) 64 * 1024)

static bool took_text = false;

static void
set_string(JsonbValue *result, char *string)
{
	result->type = jbvString;
	result->val.string.val = string;
	result->val.string.len = strlen(string);
}

static void
set_int64(JsonbValue *result, int64 number)
{
	result->type = jbvNumeric;
	result->val.numeric = int64_to_numeric(number);
}

static char *
special_text(double number)
{
	return pstrdup(isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

static char *
float4_text(float4 number)
{
	char	   *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);

	if (!isfinite(number))
		return special_text(number);
	float_to_shortest_decimal_buf(number, text);
	return text;
}

static char *
float8_text(float8 number)
{
	char	   *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	if (!isfinite(number))
		return special_text(number);
	double_to_shortest_decimal_buf(number, text);
	return text;
}

/* digits: the shortest text that gives the number back, or NaN or Infinity */
static void
set_float(JsonbValue *result, bool is_finite, char *digits)
{
	if (!is_finite)
	{
		set_string(result, digits);
		return;
	}
	result->type = jbvNumeric;
	result->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
															  ObjectIdGetDatum(InvalidOid),
															  Int32GetDatum(-1)));
}

static void
set_numeric(JsonbValue *result, Numeric number)
{
	if (numeric_is_nan(number) || numeric_is_inf(number))
		set_string(result, numeric_normalize(number));
	else
	{
		result->type = jbvNumeric;
		result->val.numeric = number;
	}
}

static void
set_jsonb(JsonbValue *result, Jsonb *document)
{
	if (JB_ROOT_IS_SCALAR(document))
		JsonbExtractScalar(&document->root, result);
	else
	{
		result->type = jbvBinary;
		result->val.binary.data = &document->root;
		result->val.binary.len = VARSIZE_ANY_EXHDR(document);
	}
}

static void
set_json(JsonbValue *result, Datum value)
{
	char	   *string = TextDatumGetCString(value);
	Jsonb	   *document = respond_jsonb_parse(string, NULL);

	if (document != NULL)
	{
		set_jsonb(result, document);
		return;
	}
	set_string(result, string);
	took_text = true;
}

/* As the server writes it in locale "C"; others differ by setting. */
static char *
money_text(int64 amount)
{
	uint64		rest = amount < 0 ? -(uint64) amount : (uint64) amount;
	char		digits[32];
	char	   *text = palloc(64);
	char	   *end = text;
	int			count;

	count = snprintf(digits, sizeof(digits), UINT64_FORMAT, rest / 100);
	if (amount < 0)
		*end++ = '-';
	*end++ = '$';
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && (count - i) % 3 == 0)
			*end++ = ',';
		*end++ = digits[i];
	}
	sprintf(end, ".%02d", (int) (rest % 100));
	return text;
}

static char *
interval_text(const Interval *interval)
{
	struct pg_itm parts;
	char	   *text = palloc(MAXDATELEN + 1);

	if (INTERVAL_NOT_FINITE(interval))
		return pstrdup(INTERVAL_IS_NOBEGIN(interval) ? "-infinity" : "infinity");
	interval2itm(*interval, &parts);
	EncodeInterval(&parts, INTSTYLE_POSTGRES, text);
	return text;
}

static char *
bytea_text(bytea *bytes)
{
	size_t		length = VARSIZE_ANY_EXHDR(bytes);
	char	   *text = palloc(2 * length + 3);

	strcpy(text, "\\x");
	text[2 + hex_encode(VARDATA_ANY(bytes), length, text + 2)] = '\0';
	return text;
}

/* The elements of an array on their way, dimension by dimension. */
typedef struct ArrayWalk
{
	const ValueJson *how;
	JsonbParseState **state;
	Datum	   *values;
	bool	   *nulls;
	int			dimensions;
	const int  *sizes;
	int			next;
} ArrayWalk;

static JsonbValue *
push_dimension(ArrayWalk *walk, int dimension)
{
	pushJsonbValue(walk->state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < walk->sizes[dimension]; i++)
	{
		if (dimension + 1 < walk->dimensions)
			push_dimension(walk, dimension + 1);
		else
		{
			respond_value_json_push(walk->how->element, walk->state, WJB_ELEM,
									walk->values[walk->next], walk->nulls[walk->next]);
			walk->next++;
		}
	}
	return pushJsonbValue(walk->state, WJB_END_ARRAY, NULL);
}

static JsonbValue *
push_array(const ValueJson *how, JsonbParseState **state, Datum value)
{
	static const int empty = 0;
	ArrayType  *array = DatumGetArrayTypeP(value);
	ArrayWalk	walk = {how, state};
	int			count;

	check_stack_depth();
	walk.dimensions = Max(ARR_NDIM(array), 1);
	walk.sizes = ARR_NDIM(array) == 0 ? &empty : ARR_DIMS(array);
	deconstruct_array(array, ARR_ELEMTYPE(array), how->length, how->by_value, how->alignment,
					  &walk.values, &walk.nulls, &count);
	return push_dimension(&walk, 0);
}

static JsonbValue *
push_fields(const ValueJson *how, JsonbParseState **state, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	ValueJsonRow *row = how->row;
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	HeapTupleData tuple = {0};
	Datum	   *values;
	bool	   *nulls;

	check_stack_depth();
	if (row->fields == NULL || row->type != type || row->typmod != typmod ||
		row->shape != assign_record_type_identifier(type, typmod))
	{
		row->fields = NULL;
		MemoryContextReset(row->fields_context);
		respond_value_json_prepare_row(row, type, typmod);
	}
	values = palloc(Max(row->description->natts, 1) * sizeof(Datum));
	nulls = palloc(Max(row->description->natts, 1) * sizeof(bool));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	heap_deform_tuple(&tuple, row->description, values, nulls);

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < row->description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->description, i);
		JsonbValue	key;

		if (attribute->attisdropped)
			continue;
		key.type = jbvString;
		/* a copy: the description goes when the type is altered */
		key.val.string.val = pstrdup(NameStr(attribute->attname));
		key.val.string.len = strlen(key.val.string.val);
		pushJsonbValue(state, WJB_KEY, &key);
		respond_value_json_push(&row->fields[i], state, WJB_VALUE, values[i], nulls[i]);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* Arrays and rows, which are no single JsonbValue. */
static bool
is_nested(const ValueJson *how)
{
	return how->kind == VALUE_JSON_ARRAY || how->kind == VALUE_JSON_ROW;
}

static JsonbValue *
push_nested(const ValueJson *how, JsonbParseState **state, Datum value)
{
	return how->kind == VALUE_JSON_ARRAY ? push_array(how, state, value) : push_fields(how, state, value);
}

/*
 * A type whose values are bytes ("char", or one of an extension) may say what
 * is no text in the database's encoding: such bytes are shown in octal.
 */
static char *
readable(char *text)
{
	StringInfoData result;

	if (pg_verify_mbstr(GetDatabaseEncoding(), text, strlen(text), true))
		return text;
	initStringInfo(&result);
	for (const char *c = text; *c != '\0'; c++)
	{
		if (IS_HIGHBIT_SET(*c))
			appendStringInfo(&result, "\\%03o", (unsigned char) *c);
		else
			appendStringInfoChar(&result, *c);
	}
	return result.data;
}

/* Everything else. */
static void
convert(const ValueJson *how, Datum value, JsonbValue *result)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	switch (how->kind)
	{
		case VALUE_JSON_BOOLEAN:
			result->type = jbvBool;
			result->val.boolean = DatumGetBool(value);
			break;
		case VALUE_JSON_INT2:
			set_int64(result, DatumGetInt16(value));
			break;
		case VALUE_JSON_INT4:
			set_int64(result, DatumGetInt32(value));
			break;
		case VALUE_JSON_INT8:
			set_int64(result, DatumGetInt64(value));
			break;
		case VALUE_JSON_NUMERIC:
			set_numeric(result, DatumGetNumeric(value));
			break;
		case VALUE_JSON_FLOAT4:
			set_float(result, isfinite(DatumGetFloat4(value)),
					  float4_text(DatumGetFloat4(value)));
			break;
		case VALUE_JSON_FLOAT8:
			set_float(result, isfinite(DatumGetFloat8(value)),
					  float8_text(DatumGetFloat8(value)));
			break;
		case VALUE_JSON_TEXT:
			{
				text	   *string = DatumGetTextPP(value);

				result->type = jbvString;
				result->val.string.val = VARDATA_ANY(string);
				result->val.string.len = VARSIZE_ANY_EXHDR(string);
				break;
			}
		case VALUE_JSON_NAME:
			set_string(result, NameStr(*DatumGetName(value)));
			break;
		case VALUE_JSON_TIME:
			/* A time with time zone brings its own. */
			JsonEncodeDateTime(buffer, value, how->type,
							   how->type == TIMESTAMPTZOID ? &utc : NULL);
			set_string(result, pstrdup(buffer));
			break;
		case VALUE_JSON_INTERVAL:
			set_string(result, interval_text(DatumGetIntervalP(value)));
			break;
		case VALUE_JSON_MONEY:
			set_string(result, money_text(DatumGetInt64(value)));
			break;
		case VALUE_JSON_BYTEA:
			set_string(result, bytea_text(DatumGetByteaPP(value)));
			break;
		case VALUE_JSON_JSON:
			set_json(result, value);
			break;
		case VALUE_JSON_JSONB:
			set_jsonb(result, DatumGetJsonbP(value));
			break;
		case VALUE_JSON_OUTPUT:
			set_string(result, readable(OutputFunctionCall(how->function, value)));
			break;
		case VALUE_JSON_CONVERT:
			set_jsonb(result, DatumGetJsonbP(FunctionCall1(how->function, value)));
			break;
		case VALUE_JSON_ARRAY:
		case VALUE_JSON_ROW:
			elog(ERROR, "an array or row is not a single value");
	}
}

JsonbValue *
respond_value_json_push(const ValueJson *how, JsonbParseState **state, JsonbIteratorToken token,
						Datum value, bool is_null)
{
	JsonbValue	result;

	if (is_null)
		result.type = jbvNull;
	else if (is_nested(how))
		return push_nested(how, state, value);
	else
		convert(how, value, &result);
	return pushJsonbValue(state, token, &result);
}

void
respond_value_json_append(const ValueJson *how, StringInfo text, Datum value)
{
	JsonbParseState *state = NULL;
	JsonbValue	result;
	Jsonb	   *document;

	if (!is_nested(how))
	{
		convert(how, value, &result);
		switch (result.type)
		{
			case jbvString:
				appendBinaryStringInfo(text, result.val.string.val, result.val.string.len);
				return;
			case jbvNumeric:
				appendStringInfoString(text, numeric_normalize(result.val.numeric));
				return;
			case jbvBool:
				appendStringInfoString(text, result.val.boolean ? "true" : "false");
				return;
			case jbvNull:
				appendStringInfoString(text, "null");
				return;
			default:
				document = JsonbValueToJsonb(&result);
		}
	}
	else
		document = JsonbValueToJsonb(push_nested(how, &state, value));
	/* a few bytes of numbers can be megabytes of text: then a sum has to do */
	if (respond_jsonb_text_size(&document->root, MOST_APPENDED) > MOST_APPENDED)
		appendStringInfo(text, "#%08x", DatumGetUInt32(DirectFunctionCall1(jsonb_hash, JsonbPGetDatum(document))));
	else
		(void) JsonbToCString(text, &document->root, VARSIZE(document));
}

Jsonb *
respond_value_json_document(const ValueJson *how, Datum value)
{
	JsonbParseState *state = NULL;
	JsonbValue	result;

	if (is_nested(how))
		return JsonbValueToJsonb(push_nested(how, &state, value));
	convert(how, value, &result);
	return JsonbValueToJsonb(&result);
}

char *
respond_value_json_text(const ValueJson *how, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(how->type, &output, &is_varlena);
	return readable(OidOutputFunctionCall(output, value));
}

bool
respond_value_json_took_text(void)
{
	bool		result = took_text;

	took_text = false;
	return result;
}
