/*-------------------------------------------------------------------------
 * shape.c
 *	  The columns that our code expects of a table of ours.
 *
 * The tables are made by the extension's script, the library is what the server
 * has in memory, and ALTER EXTENSION UPDATE, a restart or somebody's ALTER TABLE
 * change one without the other.  So no code of ours goes by the number of a
 * column in the table: it numbers columns by itself, and looks them up by name
 * when it opens the table.  Usually each is where it is expected; then that is
 * one comparison of names for each column.
 *
 * src/common/shape.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/errors.h"
#include "common/shape.h"

static bool
is_column(TupleDesc desc, int place, const char *name)
{
	Form_pg_attribute attribute;

	if (place >= desc->natts)
		return false;
	attribute = TupleDescAttr(desc, place);
	return !attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0;
}

/* A domain over the type will do. */
static bool
has_type(const ShapeColumn *column, Oid type)
{
	HeapTuple	tuple;
	bool		is_own;

	if (OidIsValid(column->type))
		return type == column->type || getBaseType(type) == column->type;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return false;
	is_own = strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), column->own_type) == 0 &&
		((Form_pg_type) GETSTRUCT(tuple))->typnamespace == get_namespace_oid("respond", true);
	ReleaseSysCache(tuple);
	return is_own;
}

static const char *
type_name(const ShapeColumn *column)
{
	return OidIsValid(column->type) ? format_type_be(column->type) : psprintf("respond.%s", column->own_type);
}

/* Where a column is, from 0; -1, with the fault, when it is not as expected. */
static int
look_up(const Shape *shape, TupleDesc desc, int column, const char **fault)
{
	const ShapeColumn *expected = &shape->columns[column];
	int			place = column;

	if (!is_column(desc, place, expected->name))
		for (place = 0; place < desc->natts; place++)
			if (is_column(desc, place, expected->name))
				break;
	if (place >= desc->natts)
		*fault = "is missing";
	else if (!has_type(expected, TupleDescAttr(desc, place)->atttypid))
		*fault = psprintf("has type %s", format_type_be(TupleDescAttr(desc, place)->atttypid));
	else
		return place;
	return -1;
}

int
respond_shape_place(const Shape *shape, TupleDesc desc, int column)
{
	const char *fault;
	int			place = look_up(shape, desc, column, &fault);

	if (place < 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"%s\" is not as this library expects it: column \"%s\" %s",
						shape->table, shape->columns[column].name, fault),
				 errdetail("The library expects it with type %s.", type_name(&shape->columns[column])),
				 errhint("Library and extension differ, or the table was changed by hand: see \"SELECT * FROM"
						 " respond.health()\".")));
	return place;
}

const char *
respond_shape_fault(const Shape *shape, TupleDesc desc)
{
	for (int i = 0; i < shape->count; i++)
	{
		const char *fault;

		if (look_up(shape, desc, i, &fault) < 0)
			return psprintf("column \"%s\" %s instead of type %s", shape->columns[i].name, fault,
							type_name(&shape->columns[i]));
	}
	return NULL;
}

void
respond_shape_require_order(const Shape *shape, TupleDesc desc)
{
	for (int i = 0; i < shape->count; i++)
		if (respond_shape_place(shape, desc, i) != i)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_SHAPE),
					 errmsg("table \"%s\" is not as this library expects it: column \"%s\" is not column %d",
							shape->table, shape->columns[i].name, i + 1),
					 errhint("Library and extension differ, or the table was changed by hand: see \"SELECT * FROM"
							 " respond.health()\".")));
}

void
respond_shape_find(const Shape *shape, TupleDesc desc, int *places)
{
	for (int i = 0; i < shape->count; i++)
		places[i] = respond_shape_place(shape, desc, i);
}

void
respond_shape_read(const Shape *shape, TupleTableSlot *slot, Datum *values, bool *nulls)
{
	slot_getallattrs(slot);
	for (int i = 0; i < shape->count; i++)
	{
		int			place = respond_shape_place(shape, slot->tts_tupleDescriptor, i);

		values[i] = slot->tts_values[place];
		nulls[i] = slot->tts_isnull[place];
	}
}

void
respond_shape_deform(const Shape *shape, TupleDesc desc, HeapTuple tuple, Datum *values, bool *nulls)
{
	for (int i = 0; i < shape->count; i++)
		values[i] = heap_getattr(tuple, respond_shape_place(shape, desc, i) + 1, desc, &nulls[i]);
}

HeapTuple
respond_shape_modify(const Shape *shape, TupleDesc desc, HeapTuple tuple, const Datum *values, const bool *nulls)
{
	Datum	   *all_values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *all_nulls = palloc0(sizeof(bool) * desc->natts);
	bool	   *replaced = palloc0(sizeof(bool) * desc->natts);

	for (int i = 0; i < shape->count; i++)
	{
		int			place = respond_shape_place(shape, desc, i);

		all_values[place] = values[i];
		all_nulls[place] = nulls[i];
		replaced[place] = true;
	}
	return heap_modify_tuple(tuple, desc, all_values, all_nulls, replaced);
}

void
respond_shape_require_heap(Relation relation)
{
	if (!RELKIND_HAS_TABLE_AM(relation->rd_rel->relkind))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("relation \"%s\" is not as this library expects it: it is not an ordinary table",
						RelationGetRelationName(relation)),
				 errdetail_relkind_not_supported(relation->rd_rel->relkind)));
}

Relation
respond_shape_open_heap(Oid table, LOCKMODE lock)
{
	Relation	relation = table_open(table, lock);

	respond_shape_require_heap(relation);
	return relation;
}
