/*-------------------------------------------------------------------------
 * value_json_prepare.c
 *	  How values of a type become jsonb: what can be known without a value.
 *
 * src/common/value_json_prepare.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "common/value_json_code.h"

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
		case CASHOID:
			return VALUE_JSON_MONEY;
		default:
			break;
	}
	if (OidIsValid(get_element_type(type)))
		return VALUE_JSON_ARRAY;
	if (type_is_rowtype(type))
		return VALUE_JSON_ROW;
	if (type >= FirstNormalObjectId)
	{
		Oid			cast;

		if (find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, &cast) == COERCION_PATH_FUNC)
			return VALUE_JSON_CONVERT;
	}
	return VALUE_JSON_OUTPUT;
}

/* Whether the text of a type of the server is the same whatever the settings. */
static bool
is_settled(Oid type)
{
	switch (type)
	{
		case UUIDOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case BITOID:
		case VARBITOID:
		case CHAROID:
		case OIDOID:
		case TIDOID:
		case XIDOID:
		case XID8OID:
		case CIDOID:
		case PG_LSNOID:
		case PG_SNAPSHOTOID:
		case TSVECTOROID:
		case TSQUERYOID:
		case JSONPATHOID:
		case INT4RANGEOID:
		case INT8RANGEOID:
		case NUMRANGEOID:
		case INT4MULTIRANGEOID:
		case INT8MULTIRANGEOID:
		case NUMMULTIRANGEOID:
			return true;
		default:
			return false;
	}
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

static void
prepare_output(ValueJson *how)
{
	Oid			output;
	bool		is_varlena;

	how->function = palloc0(sizeof(FmgrInfo));
	getTypeOutputInfo(how->type, &output, &is_varlena);
	fmgr_info(output, how->function);
	if (get_typtype(how->type) == TYPTYPE_ENUM)
		return;
	how->by_settings = !is_settled(how->type);
	how->foreign = how->type >= FirstNormalObjectId;
}

static void
prepare_array(ValueJson *how)
{
	how->element = palloc0(sizeof(ValueJson));
	respond_value_json_prepare(how->element, get_element_type(how->type));
	get_typlenbyvalalign(get_element_type(how->type), &how->length, &how->by_value, &how->alignment);
	how->by_settings = how->element->by_settings;
	how->foreign = how->element->foreign;
}

void
respond_value_json_prepare_row(ValueJsonRow *row, Oid type, int32 typmod)
{
	MemoryContext before = MemoryContextSwitchTo(row->fields_context);
	TupleDesc	description = lookup_rowtype_tupdesc_copy(type, typmod);

	row->fields = palloc0(Max(description->natts, 1) * sizeof(ValueJson));
	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (!attribute->attisdropped)
			respond_value_json_prepare(&row->fields[i], attribute->atttypid);
	}
	row->description = description;
	row->type = type;
	row->typmod = typmod;
	row->shape = assign_record_type_identifier(type, typmod);
	MemoryContextSwitchTo(before);
}

static void
prepare_row(ValueJson *how)
{
	ValueJsonRow *row = palloc0(sizeof(ValueJsonRow));

	row->context = CurrentMemoryContext;
	row->fields_context = AllocSetContextCreate(row->context, "pg_respond row type", ALLOCSET_SMALL_SIZES);
	how->row = row;
	if (how->type == RECORDOID)
	{
		/* known when a value is there */
		how->by_settings = how->foreign = true;
		return;
	}
	respond_value_json_prepare_row(row, how->type, -1);
	for (int i = 0; i < row->description->natts; i++)
	{
		how->by_settings |= row->fields[i].by_settings;
		how->foreign |= row->fields[i].foreign;
	}
}

static int
growth_of(const ValueJson *how)
{
	char		category;
	bool		is_preferred;

	switch (how->kind)
	{
		case VALUE_JSON_TEXT:
		case VALUE_JSON_JSON:
		case VALUE_JSON_JSONB:
		case VALUE_JSON_NUMERIC:
			return 1;
		case VALUE_JSON_BYTEA:
		case VALUE_JSON_ROW:
			return 2;
		case VALUE_JSON_ARRAY:
			return how->length > 0 ? 4 : Max(how->element->growth, 1);
		case VALUE_JSON_OUTPUT:
		case VALUE_JSON_CONVERT:
			break;
		default:
			return 0;
	}
	if (get_typlen(how->type) != -1)
		return 0;
	if (how->type == BITOID || how->type == VARBITOID)
		return 8;
	get_type_category_preferred(how->type, &category, &is_preferred);
	return how->type == XMLOID || category == TYPCATEGORY_STRING ? 1 : 2;
}

void
respond_value_json_prepare(ValueJson *how, Oid type)
{
	check_stack_depth();
	memset(how, 0, sizeof(ValueJson));
	how->type = getBaseType(type);
	how->kind = kind_of(how->type);
	switch (how->kind)
	{
		case VALUE_JSON_CONVERT:
			how->function = prepare_to_jsonb(how->type);
			how->by_settings = how->foreign = true;
			break;
		case VALUE_JSON_OUTPUT:
			prepare_output(how);
			break;
		case VALUE_JSON_ARRAY:
			prepare_array(how);
			break;
		case VALUE_JSON_ROW:
			prepare_row(how);
			break;
		default:
			break;
	}
	how->growth = growth_of(how);
}

Size
respond_value_json_size(const ValueJson *how, Datum value)
{
	return how->growth == 0 ? NAMEDATALEN : how->growth * toast_raw_datum_size(value);
}
