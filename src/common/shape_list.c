/*-------------------------------------------------------------------------
 * shape_list.c
 *	  All tables whose columns our code knows.
 *
 * Code that reads rows through SQL relies on the types of its columns as much as
 * code that reads them without.  So workers look at all tables before they begin,
 * whenever the relation cache has told of a change.
 *
 * src/common/shape_list.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "common/relation_change.h"
#include "common/shape.h"

PG_FUNCTION_INFO_V1(respond_shape_faults);

static const Shape *const *all_shapes;
static int	shape_count;

/* Tables of which nothing but texts and bytes is read: they only have to be there. */
static const char *const other_tables[] = {
	"respond_internal.channel_secret",
	"respond_internal.event_key",
};

static Oid *known_oids;			/* of all_shapes, then of other_tables */
static bool is_checked = false;
static bool is_whole;			/* of the check that is under way: nothing has to be looked at again */

void
respond_shape_list(const Shape *const *shapes, int count)
{
	all_shapes = shapes;
	shape_count = count;
	known_oids = MemoryContextAllocZero(TopMemoryContext, sizeof(Oid) * (count + lengthof(other_tables)));
}

static Oid
table_of(const char *name)
{
	List	   *names = respond_qualified_name_list(name);

	return RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, true);
}

static void
forget(Datum argument, Oid relation)
{
	for (int i = 0; i < shape_count + lengthof(other_tables) && (is_checked || is_whole); i++)
		if (relation == InvalidOid || relation == known_oids[i])
			is_checked = is_whole = false;
}

/* The table is locked already. */
static const char *
fault_of(const Shape *shape, Oid oid)
{
	Relation	table = try_relation_open(oid, NoLock);
	const char *fault;

	if (table == NULL)
		return NULL;
	fault = respond_shape_fault(shape, RelationGetDescr(table));
	if (fault == NULL && !table->rd_rel->relispartition &&
		table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE && !RELKIND_HAS_TABLE_AM(table->rd_rel->relkind))
		fault = "it is not a table";
	relation_close(table, NoLock);
	return fault;
}

/*
 * A table that somebody has for himself is not waited for: most of the work does not
 * need it, and what does waits for it then.  It is looked at next time.
 */
static const char *
fault_unless_locked(const Shape *shape, Oid oid)
{
	const char *fault;

	if (!ConditionalLockRelationOid(oid, AccessShareLock))
	{
		is_whole = false;
		return NULL;
	}
	fault = fault_of(shape, oid);
	UnlockRelationOid(oid, AccessShareLock);
	return fault;
}

static void
require(const char *table, const char *fault)
{
	if (fault == NULL)
		return;
	is_whole = false;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_SHAPE),
			 errmsg("table \"%s\" is not as this library expects it: %s", table, fault),
			 errhint("Library and extension differ, or the table was changed by hand: see \"SELECT * FROM"
					 " respond.health()\".")));
}

/*
 * A table that is missing counts too: otherwise the event in hand would be given
 * up, because its rule needs a table that somebody has renamed for a moment.
 */
void
respond_shape_require_all(void)
{
	if (is_checked)
		return;
	respond_relation_on_change(forget);
	is_whole = true;
	for (int i = 0; i < shape_count; i++)
	{
		known_oids[i] = table_of(all_shapes[i]->table);
		require(all_shapes[i]->table,
				OidIsValid(known_oids[i]) ? fault_unless_locked(all_shapes[i], known_oids[i]) : "it is missing");
	}
	for (int i = 0; i < lengthof(other_tables); i++)
	{
		Oid			oid = table_of(other_tables[i]);

		known_oids[shape_count + i] = oid;
		require(other_tables[i], OidIsValid(oid) ? NULL : "it is missing");
	}
	/* only now: what raised an error on the way has left the rest unseen */
	is_checked = is_whole;
	is_whole = false;
}

static void
put_fault(ReturnSetInfo *result, const char *table, const char *fault)
{
	Datum		values[2] = {CStringGetTextDatum(table), CStringGetTextDatum(fault)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* shape_faults() → setof (table_name text, fault text): tables, and their partitions, that the library cannot use. */
Datum
respond_shape_faults(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < shape_count; i++)
	{
		Oid			table = table_of(all_shapes[i]->table);
		List	   *tables = NIL;
		ListCell   *cell;

		if (!OidIsValid(table))
			put_fault(result, all_shapes[i]->table, "it is missing");
		else
			tables = find_all_inheritors(table, NoLock, NULL);
		foreach(cell, tables)
		{
			Oid			oid = lfirst_oid(cell);
			const char *fault;

			LockRelationOid(oid, AccessShareLock);
			fault = fault_of(all_shapes[i], oid);
			UnlockRelationOid(oid, AccessShareLock);
			if (fault != NULL)
				put_fault(result, quote_qualified_identifier(get_namespace_name(get_rel_namespace(oid)),
															 get_rel_name(oid)), fault);
		}
	}
	for (int i = 0; i < lengthof(other_tables); i++)
		if (!OidIsValid(table_of(other_tables[i])))
			put_fault(result, other_tables[i], "it is missing");
	return (Datum) 0;
}
