/*-------------------------------------------------------------------------
 * watch_list.c
 *	  The triggers that capture changes, read from the catalog and looked over.
 *
 * Whether a watch still fits its table is asked here, for health(), without
 * waiting for a change that shows it.  A subject in SQL is parsed for that, as
 * the table's owner; it is not run.  Parsing can call code of the owner's (the
 * CHECK of a domain), so it is guarded as the SQL of rules is, and reaches
 * nothing of the session.
 *
 * src/upkeep/watch_list.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/contain.h"
#include "common/door.h"
#include "common/guc.h"
#include "event/capture_expression.h"
#include "event/capture_subject.h"
#include "event/capture_tree.h"
#include "event/event_check.h"
#include "event/watch_trigger.h"
#include "owner/owner_guard.h"

PG_FUNCTION_INFO_V1(respond_watch_triggers);

enum
{
	COLUMN_TRIGGER,
	COLUMN_NAME,
	COLUMN_TABLE,
	COLUMN_BY_WATCH,
	COLUMN_TYPE,
	COLUMN_OPERATIONS,
	COLUMN_COLUMNS,
	COLUMN_CONDITION,
	COLUMN_SUBJECT,
	COLUMN_REPLICATED,
	COLUMN_ENABLED,
	COLUMN_PROBLEM,
	COLUMN_COUNT
};

/* A trigger that is being looked over. */
typedef struct Inspection
{
	Form_pg_trigger trigger;
	bool		has_rows;		/* as a statement trigger, through transition tables */
	CaptureArguments arguments;
	const char *what;			/* that is being looked at */
	char	   *problem;
} Inspection;

static char **
split_arguments(HeapTuple tuple, TupleDesc description, int *count)
{
	bool		is_null;
	Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs, description, &is_null);
	char	   *text = pstrdup("");
	char	  **result;

	*count = ((Form_pg_trigger) GETSTRUCT(tuple))->tgnargs;
	result = palloc(Max(*count, 1) * sizeof(char *));
	if (!is_null)
		text = VARDATA_ANY(DatumGetByteaPCopy(value));
	for (int i = 0; i < *count; i++)
	{
		result[i] = text;
		text += strlen(text) + 1;
	}
	return result;
}

typedef struct SubjectCheck
{
	const char *subject;
	Relation	table;
} SubjectCheck;

static void
check_subject(void *argument)
{
	SubjectCheck *check = argument;
	Door		door;

	respond_door_enter(&door, DOOR_AS_CALLER | DOOR_FORMATS);
	respond_capture_subject_check(check->subject, check->table);
	respond_door_leave(&door);
}

static void
look_over(void *argument)
{
	Inspection *inspection = argument;
	Form_pg_trigger trigger = inspection->trigger;
	Relation	table = relation_open(trigger->tgrelid, NoLock);
	ListCell   *cell;

	if (inspection->arguments.unknown != NULL)
		inspection->problem = psprintf("argument \"%s\" means nothing", inspection->arguments.unknown);
	else if (!TRIGGER_FOR_AFTER(trigger->tgtype))
		inspection->problem = pstrdup("it is not an AFTER trigger, and records nothing");
	else if (!TRIGGER_FOR_ROW(trigger->tgtype) && inspection->has_rows && respond_capture_tree_is_member(table))
		inspection->problem = pstrdup("it does not see what is written through the tables above or below it");
	inspection->what = "type";
	if (inspection->arguments.type != NULL)
		respond_event_check_type(inspection->arguments.type, strlen(inspection->arguments.type));
	foreach(cell, inspection->arguments.columns)
		if (get_attnum(trigger->tgrelid, lfirst(cell)) <= 0)
			inspection->problem = psprintf("column \"%s\" does not exist, so every update is recorded",
										   (char *) lfirst(cell));
	inspection->what = "subject";
	if (inspection->arguments.subject != NULL)
	{
		SubjectCheck check = {inspection->arguments.subject, table};
		OwnerCall	call = {
			.function = check_subject,.argument = &check,.owner = table->rd_rel->relowner,
			.timeout = respond_rule_timeout,.may_lock = true,.undo = true
		};

		respond_owner_call(&call);
	}
	relation_close(table, NoLock);
}

/* What is wrong with a trigger, NULL: nothing. */
static char *
find_problem(Inspection *inspection)
{
	ErrorData  *error;

	/* A table that somebody alters now is looked at another time. */
	if (!ConditionalLockRelationOid(inspection->trigger->tgrelid, AccessShareLock))
		return NULL;
	if (get_rel_name(inspection->trigger->tgrelid) == NULL)
		return NULL;
	error = respond_contain_try(look_over, inspection);
	UnlockRelationOid(inspection->trigger->tgrelid, AccessShareLock);
	if (error != NULL)
	{
		/* some messages begin with the place */
		bool		is_prefix = strncmp(error->message, inspection->what, strlen(inspection->what)) == 0;

		return psprintf("%s%s%s, so the default is used", is_prefix ? "" : inspection->what, is_prefix ? "" : ": ",
						error->message);
	}
	return inspection->problem;
}

/* "INSERT" or more of them. */
static Datum
operations_of(const FormData_pg_trigger *trigger)
{
	Datum		names[CAPTURE_OPERATIONS];
	int			count = 0;

	if (TRIGGER_FOR_INSERT(trigger->tgtype))
		names[count++] = CStringGetTextDatum("INSERT");
	if (TRIGGER_FOR_UPDATE(trigger->tgtype))
		names[count++] = CStringGetTextDatum("UPDATE");
	if (TRIGGER_FOR_DELETE(trigger->tgtype))
		names[count++] = CStringGetTextDatum("DELETE");
	if (TRIGGER_FOR_TRUNCATE(trigger->tgtype))
		names[count++] = CStringGetTextDatum("TRUNCATE");
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
column_array(List *columns)
{
	Datum	   *names = palloc(list_length(columns) * sizeof(Datum));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, columns)
		names[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The condition as SQL with the names that columns have now; NULL: none. */
static char *
condition_of(Oid trigger, bool guarded)
{
	static const char guard[] = "(true OR ";
	char	   *definition = TextDatumGetCString(DirectFunctionCall1(pg_get_triggerdef, ObjectIdGetDatum(trigger)));
	char	   *start = strstr(definition, " WHEN (");
	char	   *end;

	if (start == NULL)
		return NULL;
	start += strlen(" WHEN (");
	end = strstr(start, ") EXECUTE FUNCTION ");
	for (char *next = end; next != NULL; next = strstr(next + 1, ") EXECUTE FUNCTION "))
		end = next;
	if (end == NULL)
		return NULL;
	*end = '\0';
	if (guarded && strncmp(start, guard, strlen(guard)) == 0)
	{
		start += strlen(guard);
		start[strlen(start) - 1] = '\0';
	}
	return start;
}

static char *
type_of(const CaptureArguments *arguments, Oid table)
{
	if (arguments->type != NULL)
		return pstrdup(arguments->type);
	return psprintf("%s.*", arguments->name != NULL ? arguments->name : respond_capture_table_name(table));
}

/* A trigger on its way into the result. */
typedef struct Listing
{
	ReturnSetInfo *result;
	HeapTuple	tuple;
	TupleDesc	description;
	bool		disabled;		/* in a partition */
} Listing;

static void
put_row(void *argument)
{
	Listing    *listing = argument;
	ReturnSetInfo *result = listing->result;
	HeapTuple	tuple = listing->tuple;
	TupleDesc	description = listing->description;
	Inspection	inspection = {(Form_pg_trigger) GETSTRUCT(tuple)};
	Form_pg_trigger trigger = inspection.trigger;
	Datum		values[COLUMN_COUNT] = {0};
	bool		nulls[COLUMN_COUNT] = {false};
	char	   *condition;
	char	   *problem;
	int			count;
	char	  **texts = split_arguments(tuple, description, &count);

	respond_capture_arguments_read(&inspection.arguments, count, texts);
	inspection.has_rows = !heap_attisnull(tuple, Anum_pg_trigger_tgoldtable, description) ||
		!heap_attisnull(tuple, Anum_pg_trigger_tgnewtable, description);
	condition = condition_of(trigger->oid, inspection.arguments.guarded);
	problem = find_problem(&inspection);

	values[COLUMN_TRIGGER] = ObjectIdGetDatum(trigger->oid);
	values[COLUMN_NAME] = CStringGetTextDatum(NameStr(trigger->tgname));
	values[COLUMN_TABLE] = ObjectIdGetDatum(trigger->tgrelid);
	values[COLUMN_BY_WATCH] = BoolGetDatum(respond_watch_is_trigger(NameStr(trigger->tgname), trigger->tgparentid));
	values[COLUMN_TYPE] = CStringGetTextDatum(type_of(&inspection.arguments, trigger->tgrelid));
	values[COLUMN_OPERATIONS] = operations_of(trigger);
	nulls[COLUMN_COLUMNS] = inspection.arguments.columns == NIL;
	if (!nulls[COLUMN_COLUMNS])
		values[COLUMN_COLUMNS] = column_array(inspection.arguments.columns);
	nulls[COLUMN_CONDITION] = condition == NULL;
	if (condition != NULL)
		values[COLUMN_CONDITION] = CStringGetTextDatum(condition);
	nulls[COLUMN_SUBJECT] = inspection.arguments.subject == NULL;
	if (!nulls[COLUMN_SUBJECT])
		values[COLUMN_SUBJECT] = CStringGetTextDatum(inspection.arguments.subject);
	values[COLUMN_REPLICATED] = BoolGetDatum(TRIGGER_FOR_ROW(trigger->tgtype) &&
											 (trigger->tgenabled == TRIGGER_FIRES_ALWAYS ||
											  trigger->tgenabled == TRIGGER_FIRES_ON_REPLICA));
	values[COLUMN_ENABLED] = BoolGetDatum(trigger->tgenabled != TRIGGER_DISABLED && !listing->disabled);
	nulls[COLUMN_PROBLEM] = problem == NULL;
	if (problem != NULL)
		values[COLUMN_PROBLEM] = CStringGetTextDatum(problem);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The trigger of the watched table itself that the one of a partition is a clone of. */
static Oid
find_original(Oid trigger, List *clones)
{
	ListCell   *cell;

	foreach(cell, clones)
	{
		Form_pg_trigger clone = (Form_pg_trigger) GETSTRUCT((HeapTuple) lfirst(cell));

		if (clone->oid == trigger)
			return find_original(clone->tgparentid, clones);
	}
	return trigger;
}

/*
 * Copies of the rows of all triggers that call capture(), but for those of
 * partitions; of these *disabled has what they are clones of when they are disabled.
 */
static List *
find_triggers(Relation catalog, List **disabled)
{
	Oid			capture = LookupFuncName(list_make2(makeString("respond"), makeString("capture")),
										 0, NULL, false);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *result = NIL;
	List	   *clones = NIL;
	HeapTuple	tuple;
	ListCell   *cell;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);

		if (trigger->tgfoid != capture)
			continue;
		if (OidIsValid(trigger->tgparentid))
			clones = lappend(clones, heap_copytuple(tuple));
		else
			result = lappend(result, heap_copytuple(tuple));
	}
	systable_endscan(scan);
	*disabled = NIL;
	foreach(cell, clones)
	{
		Form_pg_trigger clone = (Form_pg_trigger) GETSTRUCT((HeapTuple) lfirst(cell));

		if (clone->tgenabled == TRIGGER_DISABLED)
			*disabled = list_append_unique_oid(*disabled, find_original(clone->tgparentid, clones));
	}
	return result;
}

/* Somebody may drop a trigger, or its table, while the list is made; then it is not in it. */
static void
put_row_unless_gone(Listing *listing)
{
	Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(listing->tuple);
	ErrorData  *error = respond_contain_try(put_row, listing);

	if (error == NULL)
		return;
	AcceptInvalidationMessages();
	if (get_rel_name(trigger->tgrelid) != NULL &&
		OidIsValid(get_trigger_oid(trigger->tgrelid, NameStr(trigger->tgname), true)))
		ReThrowError(error);
}

/* watch_triggers(): one row for each trigger that captures changes. */
Datum
respond_watch_triggers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	catalog;
	List	   *triggers;
	List	   *disabled;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	catalog = table_open(TriggerRelationId, AccessShareLock);
	triggers = find_triggers(catalog, &disabled);
	foreach(cell, triggers)
	{
		Listing		listing = {result, lfirst(cell), RelationGetDescr(catalog)};

		CHECK_FOR_INTERRUPTS();
		listing.disabled = list_member_oid(disabled, ((Form_pg_trigger) GETSTRUCT(listing.tuple))->oid);
		put_row_unless_gone(&listing);
	}
	table_close(catalog, AccessShareLock);
	return (Datum) 0;
}
