/*-------------------------------------------------------------------------
 * capture_tree.c
 *	  Watched tables that become part of a tree of tables.
 *
 * A statement trigger fires for the table that the statement names.  Rows of a
 * partition or an inheritance child can be changed through the table above it,
 * and only row triggers of the table that holds the row fire then.  So watch()
 * makes row triggers for such tables, and when a watched table becomes one
 * (ATTACH PARTITION, INHERIT) its statement triggers are made row triggers here,
 * within the same command.  They stay so after a DETACH: that is slower for
 * large statements, and otherwise the same.
 *
 * ATTACH also gives the partition copies of the row triggers of the partitioned
 * table, under their names.  A watch of the same type has the same names on
 * both, so those of the new partition make way first.
 *
 * A trigger is changed in the catalog as it is: to drop and create it would ask
 * for the right to EXECUTE capture(), which the owner of the table need not have.
 *
 * src/event/capture_tree.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "common/pg_compat.h"
#include "event/capture_tree.h"

static ProcessUtility_hook_type previous_utility_hook = NULL;

/* capture(), or InvalidOid when the extension is not there. */
static Oid
capture_function(void)
{
	Oid			schema = get_namespace_oid("respond", true);
	oidvector  *no_arguments = buildoidvector(NULL, 0);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("capture"),
						   PointerGetDatum(no_arguments), ObjectIdGetDatum(schema));
}

bool
respond_capture_tree_is_member(Relation table)
{
	return table->rd_rel->relispartition || table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		has_superclass(RelationGetRelid(table));
}

static bool
trigger_exists(Oid table, const char *name)
{
	return OidIsValid(get_trigger_oid(table, name, true));
}

static bool
name_is_free(List *tables, const char *name, const char *const *endings, int ending_count)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		if (trigger_exists(lfirst_oid(cell), name))
			return false;
		for (int i = 0; i < ending_count; i++)
			if (trigger_exists(lfirst_oid(cell), psprintf("%s%s", name, endings[i])))
				return false;
	}
	return true;
}

char *
respond_capture_tree_free_name(Oid table, const char *name, const char *const *endings, int ending_count)
{
	List	   *tables = find_all_inheritors(table, NoLock, NULL);
	char	   *candidate = pstrdup(name);

	for (int number = 2; !name_is_free(tables, candidate, endings, ending_count); number++)
		candidate = psprintf("%s_%d", name, number);
	return candidate;
}

/* Triggers of a table that call capture(), as copies of their catalog rows. */
static List *
capture_triggers(Oid table, Oid capture)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid == capture)
			result = lappend(result, heap_copytuple(tuple));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

static void
rename_trigger(Oid table, const char *old_name, const char *new_name)
{
	RenameStmt *statement = makeNode(RenameStmt);

	statement->renameType = OBJECT_TRIGGER;
	statement->relation = makeRangeVar(get_namespace_name(get_rel_namespace(table)), get_rel_name(table), -1);
	statement->subname = pstrdup(old_name);
	statement->newname = pstrdup(new_name);
	(void) renametrig(statement);
	CommandCounterIncrement();
}

/* Before an ATTACH: gives triggers of the partition-to-be and what is below it other names. */
static void
make_way(Oid parent, Oid child, Oid capture)
{
	List	   *tables = find_all_inheritors(child, AccessExclusiveLock, NULL);
	ListCell   *cell;

	foreach(cell, capture_triggers(parent, capture))
	{
		Form_pg_trigger coming = (Form_pg_trigger) GETSTRUCT((HeapTuple) lfirst(cell));
		ListCell   *table;

		if (!TRIGGER_FOR_ROW(coming->tgtype) || coming->tgisinternal)
			continue;
		foreach(table, tables)
		{
			ListCell   *own;

			foreach(own, capture_triggers(lfirst_oid(table), capture))
			{
				Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT((HeapTuple) lfirst(own));
				char	   *name = pstrdup(NameStr(trigger->tgname));

				if (OidIsValid(trigger->tgparentid) || strcmp(name, NameStr(coming->tgname)) != 0)
					continue;
				name[pg_mbcliplen(name, strlen(name), NAMEDATALEN - 10)] = '\0';
				rename_trigger(lfirst_oid(table), NameStr(trigger->tgname),
							   respond_capture_tree_free_name(child, psprintf("%s_own", name), NULL, 0));
			}
		}
	}
}

/* After the table became part of a tree: makes statement triggers of watches row triggers. */
static void
make_row_triggers(Oid table, Oid capture)
{
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	bool		changed = false;
	ListCell   *cell;

	foreach(cell, capture_triggers(table, capture))
	{
		HeapTuple	tuple = lfirst(cell);
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);
		Datum		values[Natts_pg_trigger] = {0};
		bool		nulls[Natts_pg_trigger] = {false};
		bool		replaced[Natts_pg_trigger] = {false};
		bool		has_old;
		bool		has_new;

		has_old = !heap_attisnull(tuple, Anum_pg_trigger_tgoldtable, RelationGetDescr(catalog));
		has_new = !heap_attisnull(tuple, Anum_pg_trigger_tgnewtable, RelationGetDescr(catalog));
		if (TRIGGER_FOR_ROW(trigger->tgtype) || (!has_old && !has_new))
			continue;
		values[Anum_pg_trigger_tgtype - 1] = Int16GetDatum(trigger->tgtype | TRIGGER_TYPE_ROW);
		replaced[Anum_pg_trigger_tgtype - 1] = true;
		replaced[Anum_pg_trigger_tgoldtable - 1] = nulls[Anum_pg_trigger_tgoldtable - 1] = true;
		replaced[Anum_pg_trigger_tgnewtable - 1] = nulls[Anum_pg_trigger_tgnewtable - 1] = true;
		tuple = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaced);
		CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
		changed = true;
	}
	table_close(catalog, RowExclusiveLock);
	if (changed)
	{
		CacheInvalidateRelcacheByRelid(table);
		CommandCounterIncrement();
	}
}

static Oid
find_table(RangeVar *name)
{
	Oid			oid = RangeVarGetRelid(name, NoLock, true);
	char		kind = OidIsValid(oid) ? get_rel_relkind(oid) : '\0';

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ? oid : InvalidOid;
}

/*
 * Who may not attach shall not rename triggers, nor lock the table: it is left
 * to the server to refuse.
 */
static bool
may_alter(Oid table)
{
	return object_ownercheck(RelationRelationId, table, GetUserId());
}

static void
before_alter(AlterTableStmt *statement, Oid capture)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		Oid			parent;
		Oid			child;

		if (command->subtype != AT_AttachPartition)
			continue;
		parent = find_table(statement->relation);
		child = find_table(castNode(PartitionCmd, command->def)->name);
		if (OidIsValid(parent) && OidIsValid(child) && may_alter(parent) && may_alter(child))
			make_way(parent, child, capture);
	}
}

static void
after_alter(AlterTableStmt *statement, Oid capture)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		Oid			child = InvalidOid;

		if (command->subtype == AT_AttachPartition)
			child = find_table(castNode(PartitionCmd, command->def)->name);
		else if (command->subtype == AT_AddInherit)
			child = find_table(statement->relation);
		if (OidIsValid(child))
			make_row_triggers(child, capture);
	}
}

/* Whether the statement makes a table part of a tree. */
static bool
joins_tree(Node *tree)
{
	ListCell   *cell;

	if (!IsA(tree, AlterTableStmt))
		return false;
	foreach(cell, ((AlterTableStmt *) tree)->cmds)
	{
		AlterTableType type = lfirst_node(AlterTableCmd, cell)->subtype;

		if (type == AT_AttachPartition || type == AT_AddInherit)
			return true;
	}
	return false;
}

static void
utility_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo parameters,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	ProcessUtility_hook_type next = previous_utility_hook ? previous_utility_hook : standard_ProcessUtility;
	AlterTableStmt *alter = NULL;
	Oid			capture = InvalidOid;

	if (joins_tree(statement->utilityStmt))
	{
		capture = capture_function();
		/* The names are needed afterwards; the server may scribble on its copy. */
		alter = OidIsValid(capture) ? copyObject((AlterTableStmt *) statement->utilityStmt) : NULL;
	}
	if (alter != NULL)
		before_alter(alter, capture);
	next(statement, query, read_only_tree, context, parameters, environment, destination, completion);
	if (alter != NULL)
		after_alter(alter, capture);
}

void
respond_capture_tree_initialize(void)
{
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
}
