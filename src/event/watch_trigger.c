/*-------------------------------------------------------------------------
 * watch_trigger.c
 *	  The triggers that a watch consists of.
 *
 * A plain table without a condition gets statement triggers with transition
 * tables, one for each operation because the server wants it so: a statement
 * then pays once, however many rows it changes.  A condition becomes the WHEN
 * clause of row triggers.  Tables that are part of a tree get row triggers too:
 * a statement trigger would not see what is written to another level of the
 * tree.  So do those whose changes a subscription applies, which fires row
 * triggers alone.
 *
 * A condition that may raise goes into the WHEN clause as "true OR condition",
 * and capture() looks at it (see capture_expression.c).
 *
 * The first trigger of a watch has the name that watch() returns, the others
 * have it as a prefix.  The name is made from the type.  Which watch a trigger
 * belongs to is told by its arguments.
 *
 * src/event/watch_trigger.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "common/pg_compat.h"
#include "event/capture_tree.h"
#include "event/watch_trigger.h"

#define NAME_PREFIX		"respond_watch"

/* Room that "__truncate", a number and a hash of a long type need at the end of a name. */
#define NAME_ROOM		(NAMEDATALEN - 1 - 10 - 4 - 9)

const char *const respond_watch_operations[CAPTURE_OPERATIONS] = {
	"INSERT", "UPDATE", "DELETE", "TRUNCATE"
};
static const char *const operation_endings[CAPTURE_OPERATIONS] = {
	"__insert", "__update", "__delete", "__truncate"
};

/* respond_watch_TYPE; the tail of a long type is replaced by a hash of it. */
static char *
make_name(const char *type)
{
	char	   *name;

	if (type == NULL)
		return pstrdup(NAME_PREFIX);
	name = psprintf("%s_%s", NAME_PREFIX, type);
	if (strlen(name) > NAME_ROOM)
	{
		int			length = pg_mbcliplen(name, strlen(name), NAME_ROOM);

		name = psprintf("%.*s_%08x", length, name,
						DatumGetUInt32(hash_any((const unsigned char *) type, strlen(type))));
	}
	return name;
}

static void
run_sql(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(result));
}

static const char *
quoted_table(Relation table)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
									  RelationGetRelationName(table));
}

bool
respond_watch_is_trigger(const char *name, Oid parent)
{
	return !OidIsValid(parent) && strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0;
}

/* Whether it is one of a watch for this type; NULL: for any, '': for none. */
static bool
is_of_watch(const Trigger *trigger, Oid capture, const char *type, Oid table)
{
	CaptureArguments arguments;
	const char *name;

	if (trigger->tgfoid != capture || trigger->tgisinternal || trigger->tgisclone ||
		!respond_watch_is_trigger(trigger->tgname, InvalidOid))
		return false;
	if (type == NULL)
		return true;
	respond_capture_arguments_read(&arguments, trigger->tgnargs, trigger->tgargs);
	if (arguments.type != NULL)
		return strcmp(arguments.type, type) == 0;
	name = arguments.name != NULL ? arguments.name : respond_capture_table_name(table);
	return type[0] == '\0' || strcmp(type, psprintf("%s.*", name)) == 0;
}

int
respond_watch_drop_triggers(Relation table, const char *type)
{
	TriggerDesc *triggers = table->trigdesc;
	Oid			capture = LookupFuncName(list_make2(makeString("respond"), makeString("capture")),
										 0, NULL, false);
	List	   *names = NIL;
	ListCell   *cell;

	/* Dropping changes the descriptor, so first the names. */
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (is_of_watch(trigger, capture, type, RelationGetRelid(table)))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	foreach(cell, names)
		run_sql(psprintf("DROP TRIGGER %s ON %s", quote_identifier(lfirst(cell)),
						 quoted_table(table)));
	return list_length(names);
}

static void
append_argument(StringInfo text, const char *option, const char *value)
{
	appendStringInfo(text, ", %s", quote_literal_cstr(psprintf("%s%s", option, value)));
}

static char *
trigger_arguments(const Watch *watch, CaptureOperation operation, bool guarded)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfoString(&text, quote_literal_cstr(watch->type != NULL ? watch->type : ""));
	/* Types and subjects stay what they are when the table is renamed. */
	append_argument(&text, CAPTURE_NAME_OPTION, respond_capture_table_name(RelationGetRelid(watch->table)));
	if (watch->subject != NULL)
		append_argument(&text, CAPTURE_SUBJECT_OPTION, watch->subject);
	if (operation == CAPTURE_UPDATE)
		foreach(cell, watch->columns)
			append_argument(&text, CAPTURE_COLUMN_OPTION, lfirst(cell));
	if (guarded && operation != CAPTURE_TRUNCATE)
		append_argument(&text, CAPTURE_CONDITION_OPTION, "");
	return text.data;
}

static const char *
transition_tables(CaptureOperation operation)
{
	switch (operation)
	{
		case CAPTURE_INSERT:
			return "REFERENCING NEW TABLE AS respond_new";
		case CAPTURE_UPDATE:
			return "REFERENCING OLD TABLE AS respond_old NEW TABLE AS respond_new";
		case CAPTURE_DELETE:
			return "REFERENCING OLD TABLE AS respond_old";
		default:
			return "";
	}
}

static bool
is_for_each_row(const Watch *watch, CaptureOperation operation)
{
	return operation != CAPTURE_TRUNCATE &&
		(watch->condition != NULL || watch->replicated || respond_capture_tree_is_member(watch->table));
}

/* ALTER TABLE ... ENABLE ALWAYS TRIGGER, which would refuse a table that is open here. */
static void
fire_always(Relation table, const char *name)
{
	respond_set_trigger_fires(table, name, TRIGGER_FIRES_ALWAYS, true, ShareRowExclusiveLock);
	CommandCounterIncrement();
}

static void
create_trigger(const Watch *watch, CaptureOperation operation, const char *name, bool guarded)
{
	StringInfoData sql;
	bool		for_each_row = is_for_each_row(watch, operation);

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TRIGGER %s AFTER %s ON %s %s FOR EACH %s",
					 quote_identifier(name), respond_watch_operations[operation],
					 quoted_table(watch->table),
					 for_each_row ? "" : transition_tables(operation),
					 for_each_row ? "ROW" : "STATEMENT");

	/* On a line of its own: the condition may end in a comment. */
	if (for_each_row && watch->condition != NULL)
		appendStringInfo(&sql, guarded ? " WHEN (true OR (%s\n))" : " WHEN (%s\n)",
						 respond_capture_expression_qualify(watch->condition, watch->condition_tree,
															watch->table,
															operation == CAPTURE_DELETE ? "OLD" : "NEW"));
	appendStringInfo(&sql, " EXECUTE FUNCTION respond.capture(%s)",
					 trigger_arguments(watch, operation, guarded));
	run_sql(sql.data);
	if (watch->replicated)
		fire_always(watch->table, name);
}

/* The WHEN clause of a trigger, as the catalog has it; NULL: none. */
static char *
when_clause(Oid trigger)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	char	   *result = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		is_null;
		Datum		clause = heap_getattr(tuple, Anum_pg_trigger_tgqual, RelationGetDescr(catalog), &is_null);

		if (!is_null)
			result = TextDatumGetCString(clause);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

static bool
condition_is_safe(const Watch *watch, const char *name)
{
	char	   *clause = when_clause(get_trigger_oid(RelationGetRelid(watch->table), name, false));

	return clause == NULL || respond_capture_expression_is_safe(stringToNode(clause));
}

static CaptureOperation
first_operation(const Watch *watch)
{
	/* UPDATE first: with the name that is returned it is what people look for. */
	static const CaptureOperation order[CAPTURE_OPERATIONS] = {
		CAPTURE_UPDATE, CAPTURE_INSERT, CAPTURE_DELETE, CAPTURE_TRUNCATE
	};
	int			i = 0;

	while (!watch->operations[order[i]])
		i++;
	return order[i];
}

char *
respond_watch_create_triggers(Watch *watch)
{
	char	   *name = respond_capture_tree_free_name(RelationGetRelid(watch->table), make_name(watch->type),
													  operation_endings, CAPTURE_OPERATIONS);
	CaptureOperation first = first_operation(watch);
	bool		guarded = false;

	create_trigger(watch, first, name, false);
	if (watch->condition != NULL && first != CAPTURE_TRUNCATE && !condition_is_safe(watch, name))
	{
		run_sql(psprintf("DROP TRIGGER %s ON %s", quote_identifier(name), quoted_table(watch->table)));
		guarded = true;
		create_trigger(watch, first, name, true);
	}
	for (int operation = 0; operation < CAPTURE_OPERATIONS; operation++)
		if (watch->operations[operation] && operation != (int) first)
			create_trigger(watch, operation, psprintf("%s%s", name, operation_endings[operation]), guarded);
	return name;
}
