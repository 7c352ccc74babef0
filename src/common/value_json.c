/*-------------------------------------------------------------------------
 * value_json.c
 *	  SQL values of any type as jsonb.
 *
 * The server's to_jsonb() looks up the type for every value and its time zone
 * in the session.  Here the type is looked up once and common types are
 * converted in place; to_jsonb() remains for arrays, rows and types that
 * extensions make (they may bring a cast to json).
 *
 * src/common/value_json.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "common/value_json.h"

static ValueJsonKind
kind_of(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return VALUE_JSON_BOOLEAN;
		case INT2OID:
			return VALUE_JSON_INT2;
		case INT4OID:
			return VALUE_JSON_INT4;
		case INT8OID:
			return VALUE_JSON_INT8;
		case NUMERICOID:
			return VALUE_JSON_NUMERIC;
		case FLOAT4OID:
			return VALUE_JSON_FLOAT4;
		case FLOAT8OID:
			return VALUE_JSON_FLOAT8;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return VALUE_JSON_TEXT;
		case NAMEOID:
			return VALUE_JSON_NAME;
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return VALUE_JSON_TIME;
		case INTERVALOID:
			return VALUE_JSON_INTERVAL;
		case BYTEAOID:
			return VALUE_JSON_BYTEA;
		case JSONOID:
			return VALUE_JSON_JSON;
		case JSONBOID:
			return VALUE_JSON_JSONB;
		case TEXTARRAYOID:
			return VALUE_JSON_TEXT_ARRAY;
		default:
			break;
	}
	if (get_typtype(type) == TYPTYPE_ENUM)
		return VALUE_JSON_OUTPUT;
	if (type >= FirstNormalObjectId || type_is_rowtype(type) || OidIsValid(get_element_type(type)))
		return VALUE_JSON_CONVERT;
	return VALUE_JSON_OUTPUT;
}

/* to_jsonb() learns the type of its argument from the expression that calls it. */
static FmgrInfo *
prepare_to_jsonb(Oid type)
{
	FmgrInfo   *function = palloc0(sizeof(FmgrInfo));
	Const	   *argument = makeNullConst(type, -1, get_typcollation(type));
	FuncExpr   *call = makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument), InvalidOid,
									get_typcollation(type), COERCE_EXPLICIT_CALL);

	fmgr_info(F_TO_JSONB, function);
	fmgr_info_set_expr((Node *) call, function);
	return function;
}

void
respond_value_json_prepare(ValueJson *how, Oid type)
{
	how->type = getBaseType(type);
	how->kind = kind_of(how->type);
	how->function = NULL;
	if (how->kind == VALUE_JSON_CONVERT)
		how->function = prepare_to_jsonb(how->type);
	else if (how->kind == VALUE_JSON_OUTPUT)
	{
		Oid			output;
		bool		is_varlena;

		how->function = palloc0(sizeof(FmgrInfo));
		getTypeOutputInfo(how->type, &output, &is_varlena);
		fmgr_info(output, how->function);
	}
}

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

/* Type json may hold an escaped NUL, which jsonb refuses: such a value stays text. */
static void
set_json(JsonbValue *result, Datum value)
{
	char	   *string = TextDatumGetCString(value);

	if (strstr(string, "\\u0000") != NULL)
		set_string(result, string);
	else
		set_jsonb(result, DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(string))));
}

static char *
interval_text(const Interval *interval)
{
	struct pg_itm parts;
	char	   *text = palloc(MAXDATELEN + 1);

#if PG_VERSION_NUM >= 170000
	if (INTERVAL_NOT_FINITE(interval))
		return pstrdup(INTERVAL_IS_NOBEGIN(interval) ? "-infinity" : "infinity");
#endif
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

static JsonbValue *
push_text_array(JsonbParseState **state, Datum value)
{
	ValueJson	how = {VALUE_JSON_TEXT, TEXTOID, NULL};
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
		respond_value_json_push(&how, state, WJB_ELEM, elements[i], nulls[i]);
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Everything but an array of text, which is no single JsonbValue. */
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
					  DatumGetCString(DirectFunctionCall1(float4out, value)));
			break;
		case VALUE_JSON_FLOAT8:
			set_float(result, isfinite(DatumGetFloat8(value)),
					  float8out_internal(DatumGetFloat8(value)));
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
			set_string(result, OutputFunctionCall(how->function, value));
			break;
		case VALUE_JSON_CONVERT:
			set_jsonb(result, DatumGetJsonbP(FunctionCall1(how->function, value)));
			break;
		case VALUE_JSON_TEXT_ARRAY:
			elog(ERROR, "an array is not a single value");
	}
}

JsonbValue *
respond_value_json_push(const ValueJson *how, JsonbParseState **state, JsonbIteratorToken token,
						Datum value, bool is_null)
{
	JsonbValue	result;

	if (is_null)
		result.type = jbvNull;
	else if (how->kind == VALUE_JSON_TEXT_ARRAY)
		return push_text_array(state, value);
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

	if (how->kind != VALUE_JSON_TEXT_ARRAY)
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
		document = JsonbValueToJsonb(push_text_array(&state, value));
	(void) JsonbToCString(text, &document->root, VARSIZE(document));
}
