/*-------------------------------------------------------------------------
 * watch.c
 *	  respond.watch() and unwatch(): make a table a producer, and stop it.
 *
 * Both are CREATE TRIGGER and DROP TRIGGER in disguise, run with the rights and
 * the search_path of the caller; the triggers show in \d and go into dumps.
 *
 * src/event/watch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/pg_compat.h"
#include "common/standby.h"
#include "event/capture_expression.h"
#include "event/capture_subject.h"
#include "event/event_check.h"
#include "event/watch_trigger.h"

PG_FUNCTION_INFO_V1(respond_watch);
PG_FUNCTION_INFO_V1(respond_unwatch);

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
		if (pg_strcasecmp(name, respond_watch_operations[i]) == 0)
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
				 errhint("Leave it out to mean all of them.")));
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

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static void
check_owner(Oid table)
{
	if (!object_ownercheck(RelationRelationId, table, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(table));
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
	if (to_drop)
		check_owner(table);
	else
		result = pg_class_aclcheck(table, GetUserId(), ACL_TRIGGER);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(table));
	/* whatever it is: what table_open() says of an index depends on the server */
	return relation_open(table, ShareRowExclusiveLock);
}

/* Whether the text names operations and nothing else: UPDATE, {insert,delete}, INSERT OR UPDATE. */
static bool
names_operations(const char *text)
{
	const char *separators = " ,;|/{}[]()'\"";
	char	   *rest = pstrdup(text);
	bool		found = false;

	for (char *word = strtok(rest, separators); word != NULL; word = strtok(NULL, separators))
	{
		bool		is_operation = false;

		for (int i = 0; i < CAPTURE_OPERATIONS; i++)
			is_operation |= pg_strcasecmp(word, respond_watch_operations[i]) == 0;
		if (!is_operation && pg_strcasecmp(word, "or") != 0 && pg_strcasecmp(word, "and") != 0)
			return false;
		found |= is_operation;
	}
	return found;
}

static void
check_type(const char *type)
{
	respond_event_check_type(type, strlen(type));
	if (names_operations(type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is an operation, not a type of event", type),
				 errhint("Name the argument, as in respond.watch(..., operations => '{INSERT}'); a type is for example"
						 " \"payment.updated\".")));
	if (strncmp(type, CAPTURE_SUBJECT_OPTION, strlen(CAPTURE_SUBJECT_OPTION)) == 0 ||
		strncmp(type, CAPTURE_COLUMN_OPTION, strlen(CAPTURE_COLUMN_OPTION)) == 0 ||
		strncmp(type, CAPTURE_NAME_OPTION, strlen(CAPTURE_NAME_OPTION)) == 0 ||
		strcmp(type, CAPTURE_CONDITION_OPTION) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be the type of a watch", type),
				 errhint("The triggers of a watch would mistake it for an option; choose another type.")));
}

static void
read_arguments(Watch *watch, FunctionCallInfo fcinfo)
{
	watch->type = text_argument(fcinfo, 1);
	if (watch->type != NULL)
		check_type(watch->type);

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
		respond_capture_subject_check(watch->subject, watch->table);
	watch->replicated = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	/* as for ALTER TABLE ... ENABLE ALWAYS TRIGGER */
	if (watch->replicated)
		check_owner(RelationGetRelid(watch->table));
}

/*
 * watch(table, type, operations, columns, condition, subject, replicated) →
 * name of the first trigger.  Locks the table as CREATE TRIGGER does.
 */
Datum
respond_watch(PG_FUNCTION_ARGS)
{
	Watch		watch = {0};
	MemoryContext context = CurrentMemoryContext;
	char	   *name;

	respond_standby_refuse("watch()");
	watch.table = open_table(fcinfo, false);
	check_table(watch.table);
	read_arguments(&watch, fcinfo);

	SPI_connect();
	respond_watch_drop_triggers(watch.table, watch.type != NULL ? watch.type : "");
	name = MemoryContextStrdup(context, respond_watch_create_triggers(&watch));
	SPI_finish();
	relation_close(watch.table, NoLock);
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* unwatch(table, type) → how many triggers of watch() were dropped. */
Datum
respond_unwatch(PG_FUNCTION_ARGS)
{
	Relation	table;
	char	   *type = text_argument(fcinfo, 1);
	int			dropped;

	respond_standby_refuse("unwatch()");
	table = open_table(fcinfo, true);
	SPI_connect();
	dropped = respond_watch_drop_triggers(table, type);
	SPI_finish();
	if (dropped == 0 && type == NULL)
		ereport(NOTICE,
				(errmsg("table \"%s\" is not watched, skipping", RelationGetRelationName(table))));
	else if (dropped == 0)
		ereport(NOTICE,
				(errmsg("table \"%s\" has no watch of type \"%s\", skipping", RelationGetRelationName(table), type),
				 errhint("View respond.watched lists them.")));
	relation_close(table, NoLock);
	PG_RETURN_INT32(dropped);
}
