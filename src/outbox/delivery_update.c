/*-------------------------------------------------------------------------
 * delivery_update.c
 *	  Statements that change deliveries, whatever partitions there are.
 *
 * One UPDATE of a partitioned table names all of its partitions as targets, so
 * it fails as a whole when one is a foreign table that cannot be written.  What
 * lies elsewhere was sent or given up before, and is no work of ours.  So where
 * there is a foreign table, the statement changes one partition after the other.
 *
 * Accepted: the other partitions must belong to the owner of respond.delivery
 * then; one that does not is an error that names it.
 *
 * src/outbox/delivery_update.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "common/partition_write.h"
#include "outbox/delivery_update.h"

static bool
has_foreign(List *partitions)
{
	ListCell   *cell;

	foreach(cell, partitions)
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE)
			return true;
	return false;
}

static const char whole_table[] = "UPDATE respond.delivery AS d ";

/* Its text; NULL: the partition was dropped meanwhile. */
static char *
statement_for(const char *sql, Oid partition)
{
	const char *start = strstr(sql, whole_table);
	char	   *schema = get_namespace_name(get_rel_namespace(partition));
	char	   *name = get_rel_name(partition);

	Assert(start != NULL);
	if (schema == NULL || name == NULL)
		return NULL;
	return psprintf("%.*sUPDATE ONLY %s AS d %s", (int) (start - sql), sql,
					quote_qualified_identifier(schema, name), start + strlen(whole_table));
}

static uint64
update_partition(const KeptPlan *kept, const char *sql, RunPlan run, Datum *values, const char *nulls)
{
	KeptPlan	plan = *kept;
	uint64		changed;

	plan.sql = sql;
	plan.plan = NULL;
	PG_TRY();
	{
		changed = run(&plan, values, nulls);
	}
	PG_FINALLY();
	{
		if (plan.plan != NULL)
			SPI_freeplan(plan.plan);
	}
	PG_END_TRY();
	return changed;
}

uint64
respond_delivery_update(KeptPlan *kept, RunPlan run, Datum *values, const char *nulls)
{
	List	   *partitions = find_all_inheritors(respond_relation_oid("respond", "delivery"), NoLock, NULL);
	uint64		changed = 0;
	ListCell   *cell;

	if (!has_foreign(partitions))
		return run(kept, values, nulls);
	foreach(cell, partitions)
	{
		char	   *sql;

		if (get_rel_relkind(lfirst_oid(cell)) != RELKIND_RELATION)
			continue;
		sql = statement_for(kept->sql, lfirst_oid(cell));
		if (sql != NULL)
			changed += update_partition(kept, sql, run, values, nulls);
	}
	return changed;
}
