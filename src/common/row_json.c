/*-------------------------------------------------------------------------
 * row_json.c
 *	  Rows as jsonb.
 *
 * The server's row_to_json looks every column's type up again for every row and
 * goes through text.  Tickets are written into events, audit and history at
 * once, and a watched table pays for it with every change, so this is on the
 * hot path: types are looked up once per table (value_json.h), keys are
 * pushed in jsonb's own order (shorter first, then by bytes), which makes its
 * sort of the finished object a single pass.
 *
 * src/common/row_json.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "common/pg_compat.h"
#include "common/row_json.h"
#include "common/value_json.h"

typedef struct ColumnJson
{
	int			attribute;		/* place in the row, from 0 */
	ValueJson	how;
	const char *name;
	int			name_length;
} ColumnJson;

struct RowJson
{
	const ValueJson **by_attribute; /* NULL where the row has no value */
	int			count;
	ColumnJson	columns[FLEXIBLE_ARRAY_MEMBER];
};

static int
compare_names(const void *a, const void *b)
{
	const ColumnJson *left = a;
	const ColumnJson *right = b;

	if (left->name_length != right->name_length)
		return left->name_length - right->name_length;
	if (memcmp(left->name, right->name, left->name_length) != 0)
		return memcmp(left->name, right->name, left->name_length);
	/* a query may name two columns alike: the last one counts */
	return left->attribute - right->attribute;
}

RowJson *
respond_row_json_create(TupleDesc desc)
{
	RowJson    *row_json = palloc(offsetof(RowJson, columns) + desc->natts * sizeof(ColumnJson));

	row_json->count = 0;
	row_json->by_attribute = palloc0(Max(desc->natts, 1) * sizeof(ValueJson *));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ColumnJson *column = &row_json->columns[row_json->count];

		if (attribute->attisdropped)
			continue;
		/* not in the row: computed when it is read */
		if (attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			continue;
		column->attribute = i;
		respond_value_json_prepare(&column->how, attribute->atttypid);
		column->name = NameStr(attribute->attname);
		column->name_length = strlen(column->name);
		row_json->count++;
	}
	qsort(row_json->columns, row_json->count, sizeof(ColumnJson), compare_names);
	for (int i = 0; i < row_json->count; i++)
		row_json->by_attribute[row_json->columns[i].attribute] = &row_json->columns[i].how;
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
		respond_value_json_push(&column->how, state, WJB_VALUE, values[column->attribute],
								nulls[column->attribute]);
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
	JsonbValue	null = {.type = jbvNull};
	ValueJson	how;

	if (is_null)
		return JsonbValueToJsonb(&null);
	if (type == JSONBOID)
		return DatumGetJsonbP(value);
	respond_value_json_prepare(&how, type);
	return respond_value_json_document(&how, value);
}

const ValueJson *
respond_row_json_column(const RowJson *row_json, int attribute)
{
	return row_json->by_attribute[attribute];
}
