/*-------------------------------------------------------------------------
 * watch.c
 *	  respond.watch() and unwatch(): make a table a producer, and stop it.
 *
 * Both are CREATE TRIGGER and DROP TRIGGER in disguise, run with the rights and
 * the search_path of the caller; the triggers show in \d and go into dumps.
 *
 * A plain table without a condition gets statement triggers with transition
 * tables, one for each operation because the server wants it so: a statement
 * then pays once, however many rows it changes.  A condition becomes the WHEN
 * clause of row triggers.  Partitioned tables and partitions get row triggers
 * too: a statement trigger would not see what is written to another level of
 * the tree.
 *
 * The first trigger of a watch has the name that watch() returns, the others
 * have it as a prefix.  The name is made from the type, so that watching again
 * with the same type replaces.
 *
 * src/event/watch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "common/standby.h"
#include "event/capture_expression.h"
#include "event/capture_subject.h"
#include "event/capture_trigger.h"
#include "event/event_check.h"

PG_FUNCTION_INFO_V1(respond_watch);
PG_FUNCTION_INFO_V1(respond_unwatch);

#define NAME_PREFIX		"respond_watch"

/* Room that "__truncate" and a hash of a long type need at the end of a name. */
#define NAME_ROOM		(NAMEDATALEN - 1 - 10 - 9)

static const char *const operation_names[CAPTURE_OPERATIONS] = {
	"INSERT", "UPDATE", "DELETE", "TRUNCATE"
};
static const char *const operation_endings[CAPTURE_OPERATIONS] = {
	"__insert", "__update", "__delete", "__truncate"
};

typedef struct Watch
{
	Relation	table;
	const char *type;			/* NULL: the default of each operation */
	bool		operations[CAPTURE_OPERATIONS];
	List	   *columns;		/* names, NIL: all */
	const char *condition;
	Node	   *condition_tree;
	const char *subject;
	bool		for_each_row;
	char	   *name;
} Watch;

static const char *
kind_of_relation(char kind)
{
	switch (kind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		case RELKIND_SEQUENCE:
			return "sequence";
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return "index";
		default:
			return "relation";
	}
}

static void
check_table(Relation table)
{
	const char *name = RelationGetRelationName(table);
	const char *schema = get_namespace_name(RelationGetNamespace(table));

	if (IsSystemRelation(table) || strcmp(schema, "information_schema") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot watch system table \"%s\"", name),
				 errhint("System tables have no triggers; watch a table of your own.")));
	if (strcmp(schema, "respond") == 0 || strcmp(schema, "respond_internal") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot watch table \"%s.%s\" of pg_respond itself", schema, name),
				 errhint("Tickets record events of their own, such as ticket.created; write rules for these.")));
	if (table->rd_rel->relkind != RELKIND_RELATION &&
		table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot watch %s \"%s\"", kind_of_relation(table->rd_rel->relkind), name),
				 table->rd_rel->relkind == RELKIND_FOREIGN_TABLE ?
				 errhint("Changes made on the other server would be missed; watch the table there.") :
				 errhint("Watch the tables behind it.")));
}

static CaptureOperation
parse_operation(const char *name)
{
	for (int i = 0; i < CAPTURE_OPERATIONS; i++)
		if (pg_strcasecmp(name, operation_names[i]) == 0)
			return (CaptureOperation) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("operation \"%s\" does not exist", name),
			 errhint("Operations are INSERT, UPDATE, DELETE and TRUNCATE.")));
}

/* The texts of an array argument; what names it in messages. */
static List *
text_list(ArrayType *array, const char *what)
{
	List	   *result = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain null", what)));
		result = lappend(result, TextDatumGetCString(elements[i]));
	}
	if (result == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", what),
				 errhint("Leave it out for all of them.")));
	return result;
}

/* Without a list, every operation that has the rows which the condition names. */
static void
default_operations(Watch *watch)
{
	CaptureExpressionUse use = {false, false};

	if (watch->condition != NULL)
		use = respond_capture_expression_use(watch->condition_tree);
	watch->operations[CAPTURE_INSERT] = !use.uses_old;
	watch->operations[CAPTURE_UPDATE] = true;
	watch->operations[CAPTURE_DELETE] = !use.uses_new;
}

static void
check_columns(const Watch *watch)
{
	ListCell   *cell;

	if (watch->columns != NIL && !watch->operations[CAPTURE_UPDATE])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("columns are for UPDATE, which is not among the operations"),
				 errhint("Add UPDATE to the operations, or leave out the columns.")));
	foreach(cell, watch->columns)
	{
		const char *name = lfirst(cell);

		if (get_attnum(RelationGetRelid(watch->table), name) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", name,
							RelationGetRelationName(watch->table))));
	}
}

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

/* Whether it was made by watch() for this type; NULL: for any. */
static bool
is_watch_trigger(const Trigger *trigger, Oid capture, const char *type)
{
	return trigger->tgfoid == capture && !trigger->tgisinternal && !trigger->tgisclone &&
		strncmp(trigger->tgname, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
		(type == NULL || (trigger->tgnargs > 0 && strcmp(trigger->tgargs[0], type) == 0));
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

/* Drops the triggers of watches for a type, or with NULL of all; returns how many. */
static int
drop_triggers(Relation table, const char *type)
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

		if (is_watch_trigger(trigger, capture, type))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	foreach(cell, names)
		run_sql(psprintf("DROP TRIGGER %s ON %s", quote_identifier(lfirst(cell)),
						 quoted_table(table)));
	return list_length(names);
}

static char *
trigger_arguments(const Watch *watch, CaptureOperation operation)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfoString(&text, quote_literal_cstr(watch->type != NULL ? watch->type : ""));
	if (watch->subject != NULL)
		appendStringInfo(&text, ", %s",
						 quote_literal_cstr(psprintf("%s%s", CAPTURE_SUBJECT_OPTION, watch->subject)));
	if (operation == CAPTURE_UPDATE)
		foreach(cell, watch->columns)
			appendStringInfo(&text, ", %s",
							 quote_literal_cstr(psprintf("%s%s", CAPTURE_COLUMN_OPTION, (char *) lfirst(cell))));
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

static void
create_trigger(const Watch *watch, CaptureOperation operation, const char *name)
{
	StringInfoData sql;
	bool		for_each_row = watch->for_each_row && operation != CAPTURE_TRUNCATE;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TRIGGER %s AFTER %s ON %s %s FOR EACH %s",
					 quote_identifier(name), operation_names[operation],
					 quoted_table(watch->table),
					 for_each_row ? "" : transition_tables(operation),
					 for_each_row ? "ROW" : "STATEMENT");

	/* On a line of its own: the condition may end in a comment. */
	if (for_each_row && watch->condition != NULL)
		appendStringInfo(&sql, " WHEN (%s\n)",
						 respond_capture_expression_qualify(watch->condition, watch->condition_tree,
															watch->table,
															operation == CAPTURE_DELETE ? "OLD" : "NEW"));
	appendStringInfo(&sql, " EXECUTE FUNCTION respond.capture(%s)",
					 trigger_arguments(watch, operation));
	run_sql(sql.data);
}

static void
create_triggers(const Watch *watch)
{
	/* UPDATE first: with the name that is returned it is what people look for. */
	static const CaptureOperation order[CAPTURE_OPERATIONS] = {
		CAPTURE_UPDATE, CAPTURE_INSERT, CAPTURE_DELETE, CAPTURE_TRUNCATE
	};
	bool		is_first = true;

	for (int i = 0; i < CAPTURE_OPERATIONS; i++)
	{
		CaptureOperation operation = order[i];

		if (!watch->operations[operation])
			continue;
		create_trigger(watch, operation,
					   is_first ? watch->name : psprintf("%s%s", watch->name, operation_endings[operation]));
		is_first = false;
	}
}

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* Who may not touch the triggers of a table shall not even lock it. */
static Relation
open_table(FunctionCallInfo fcinfo, bool to_drop)
{
	Oid			table;
	AclResult	result = ACLCHECK_OK;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("table must not be null")));
	table = PG_GETARG_OID(0);
	if (get_rel_name(table) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", table)));
	if (!to_drop)
		result = pg_class_aclcheck(table, GetUserId(), ACL_TRIGGER);
#if PG_VERSION_NUM >= 160000
	else if (!object_ownercheck(RelationRelationId, table, GetUserId()))
#else
	else if (!pg_class_ownercheck(table, GetUserId()))
#endif
		result = ACLCHECK_NOT_OWNER;
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(table));
	return table_open(table, ShareRowExclusiveLock);
}

static void
read_arguments(Watch *watch, FunctionCallInfo fcinfo)
{
	watch->type = text_argument(fcinfo, 1);
	if (watch->type != NULL)
		respond_event_check_type(watch->type, strlen(watch->type));

	watch->condition = text_argument(fcinfo, 4);
	if (watch->condition != NULL)
		watch->condition_tree = respond_capture_expression_parse(watch->condition, "condition");

	if (PG_ARGISNULL(2))
		default_operations(watch);
	else
	{
		ListCell   *cell;

		foreach(cell, text_list(PG_GETARG_ARRAYTYPE_P(2), "operations"))
			watch->operations[parse_operation(lfirst(cell))] = true;
	}

	if (!PG_ARGISNULL(3))
		watch->columns = text_list(PG_GETARG_ARRAYTYPE_P(3), "columns");
	check_columns(watch);

	watch->subject = text_argument(fcinfo, 5);
	if (watch->subject != NULL)
		(void) respond_capture_subject_compile(watch->subject, watch->table,
											   RelationGetRelationName(watch->table), true);
}

/*
 * watch(table, type, operations, columns, condition, subject) → name of the
 * first trigger.  Locks the table as CREATE TRIGGER does.
 */
Datum
respond_watch(PG_FUNCTION_ARGS)
{
	Watch		watch = {0};
	text	   *name;

	respond_standby_refuse("watch()");
	watch.table = open_table(fcinfo, false);
	check_table(watch.table);
	read_arguments(&watch, fcinfo);
	watch.for_each_row = watch.condition != NULL || watch.table->rd_rel->relispartition ||
		watch.table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	watch.name = make_name(watch.type);
	name = cstring_to_text(watch.name);

	SPI_connect();
	drop_triggers(watch.table, watch.type != NULL ? watch.type : "");
	create_triggers(&watch);
	SPI_finish();
	table_close(watch.table, NoLock);
	PG_RETURN_TEXT_P(name);
}

/* unwatch(table) → how many triggers of watch() were dropped. */
Datum
respond_unwatch(PG_FUNCTION_ARGS)
{
	Relation	table;
	int			dropped;

	respond_standby_refuse("unwatch()");
	table = open_table(fcinfo, true);
	SPI_connect();
	dropped = drop_triggers(table, NULL);
	SPI_finish();
	if (dropped == 0)
		ereport(NOTICE,
				(errmsg("table \"%s\" is not watched, skipping", RelationGetRelationName(table))));
	table_close(table, NoLock);
	PG_RETURN_INT32(dropped);
}
