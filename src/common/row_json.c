/*-------------------------------------------------------------------------
 * row_json.c
 *	  Rows of our tables as jsonb.
 *
 * The server's row_to_json looks every column's type up again for every row and
 * goes through text.  Tickets are written into events, audit and history at
 * once, so this is on the hot path: kinds are found once per table, keys are
 * pushed in jsonb's own order (shorter first, then by bytes), which makes its
 * sort of the finished object a single pass.
 *
 * src/common/row_json.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "common/row_json.h"

typedef struct ColumnJson
{
	int			attribute;		/* place in the row, from 0 */
	Oid			type;			/* base type of a domain */
	const char *name;
	int			name_length;
} ColumnJson;

struct RowJson
{
	int			count;
	ColumnJson	columns[FLEXIBLE_ARRAY_MEMBER];
};

static JsonbValue *push_value(JsonbParseState **state, JsonbIteratorToken token,
							  Datum value, bool is_null, Oid type);

static int
compare_names(const void *a, const void *b)
{
	const ColumnJson *left = a;
	const ColumnJson *right = b;

	if (left->name_length != right->name_length)
		return left->name_length - right->name_length;
	return memcmp(left->name, right->name, left->name_length);
}

RowJson *
respond_row_json_create(TupleDesc desc)
{
	RowJson    *row_json = palloc(offsetof(RowJson, columns) + desc->natts * sizeof(ColumnJson));

	row_json->count = 0;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ColumnJson *column = &row_json->columns[row_json->count];

		if (attribute->attisdropped)
			continue;
		column->attribute = i;
		column->type = getBaseType(attribute->atttypid);
		column->name = NameStr(attribute->attname);
		column->name_length = strlen(column->name);
		row_json->count++;
	}
	qsort(row_json->columns, row_json->count, sizeof(ColumnJson), compare_names);
	return row_json;
}

JsonbValue *
respond_row_json_push(const RowJson *row_json, JsonbParseState **state,
					  const Datum *values, const bool *nulls, const bool *columns)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < row_json->count; i++)
	{
		const ColumnJson *column = &row_json->columns[i];
		JsonbValue	key;

		if (columns != NULL && !columns[column->attribute])
			continue;
		key.type = jbvString;
		key.val.string.val = unconstify(char *, column->name);
		key.val.string.len = column->name_length;
		pushJsonbValue(state, WJB_KEY, &key);
		push_value(state, WJB_VALUE, values[column->attribute], nulls[column->attribute],
				   column->type);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
respond_row_json(const RowJson *row_json, const Datum *values, const bool *nulls,
				 const bool *columns)
{
	JsonbParseState *state = NULL;

	return JsonbValueToJsonb(respond_row_json_push(row_json, &state, values, nulls, columns));
}

Jsonb *
respond_value_json(Datum value, bool is_null, Oid type)
{
	JsonbParseState *state = NULL;
	JsonbValue *array;

	type = getBaseType(type);
	if (!is_null && type == JSONBOID)
		return DatumGetJsonbP(value);

	/* A scalar document is an array of one element with a mark on it. */
	if (is_null || type != TEXTARRAYOID)
	{
		JsonbValue	scalar;

		scalar.type = jbvArray;
		scalar.val.array.rawScalar = true;
		scalar.val.array.nElems = 1;
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, &scalar);
		push_value(&state, WJB_ELEM, value, is_null, type);
		array = pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	else
		array = push_value(&state, WJB_VALUE, value, is_null, type);
	return JsonbValueToJsonb(array);
}

void
respond_json_push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

void
respond_json_push_string(JsonbParseState **state, JsonbIteratorToken token, const char *value)
{
	JsonbValue	string;

	if (value == NULL)
		string.type = jbvNull;
	else
	{
		string.type = jbvString;
		string.val.string.val = unconstify(char *, value);
		string.val.string.len = strlen(value);
	}
	pushJsonbValue(state, token, &string);
}

void
respond_json_push_int64(JsonbParseState **state, JsonbIteratorToken token, int64 value)
{
	JsonbValue	number;

	number.type = jbvNumeric;
	number.val.numeric = int64_to_numeric(value);
	pushJsonbValue(state, token, &number);
}

static JsonbValue *
push_text_array(JsonbParseState **state, Datum value)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
		push_value(state, WJB_ELEM, elements[i], nulls[i], TEXTOID);
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static JsonbValue *
push_value(JsonbParseState **state, JsonbIteratorToken token, Datum value, bool is_null, Oid type)
{
	JsonbValue	result;
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	if (is_null)
	{
		result.type = jbvNull;
		return pushJsonbValue(state, token, &result);
	}

	switch (type)
	{
		case BOOLOID:
			result.type = jbvBool;
			result.val.boolean = DatumGetBool(value);
			break;
		case INT2OID:
			result.type = jbvNumeric;
			result.val.numeric = int64_to_numeric(DatumGetInt16(value));
			break;
		case INT4OID:
			result.type = jbvNumeric;
			result.val.numeric = int64_to_numeric(DatumGetInt32(value));
			break;
		case INT8OID:
			result.type = jbvNumeric;
			result.val.numeric = int64_to_numeric(DatumGetInt64(value));
			break;
		case TEXTOID:
		case VARCHAROID:
			{
				text	   *string = DatumGetTextPP(value);

				result.type = jbvString;
				result.val.string.val = VARDATA_ANY(string);
				result.val.string.len = VARSIZE_ANY_EXHDR(string);
				break;
			}
		case NAMEOID:
			result.type = jbvString;
			result.val.string.val = NameStr(*DatumGetName(value));
			result.val.string.len = strlen(result.val.string.val);
			break;
		case JSONBOID:
			{
				Jsonb	   *document = DatumGetJsonbP(value);

				if (JB_ROOT_IS_SCALAR(document))
					JsonbExtractScalar(&document->root, &result);
				else
				{
					result.type = jbvBinary;
					result.val.binary.data = &document->root;
					result.val.binary.len = VARSIZE_ANY_EXHDR(document);
				}
				break;
			}
		case TIMESTAMPTZOID:
			JsonEncodeDateTime(buffer, value, TIMESTAMPTZOID, &utc);
			result.type = jbvString;
			result.val.string.val = pstrdup(buffer);
			result.val.string.len = strlen(buffer);
			break;
		case TEXTARRAYOID:
			return push_text_array(state, value);
		default:
			{
				Oid			output;
				bool		is_varlena;

				getTypeOutputInfo(type, &output, &is_varlena);
				result.type = jbvString;
				result.val.string.val = OidOutputFunctionCall(output, value);
				result.val.string.len = strlen(result.val.string.val);
				break;
			}
	}
	return pushJsonbValue(state, token, &result);
}
