/*-------------------------------------------------------------------------
 * capture_trigger.c
 *	  What a session knows of a trigger that calls capture().
 *
 * Columns, names, key and subject are worked out when a trigger first fires in
 * a session and again after its table changed; a statement that changes one
 * row should not pay for it.  Changes of a trigger and of its arguments
 * announce themselves as changes of the table; a renamed schema does not, nor
 * does a function that a subject calls, so any change of a schema or a function
 * counts for all.
 *
 * src/event/capture_trigger.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/reltrigger.h"
#include "utils/syscache.h"

#include "common/contain.h"
#include "common/relation_change.h"
#include "event/capture_fault.h"
#include "event/capture_trigger.h"
#include "event/event_check.h"

/* Besides / and %: dots, and control characters, which a type must not contain. */
#define ESCAPED_IN_NAMES	".\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020" \
							"\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037\177"

typedef struct CacheEntry
{
	Oid			trigger;		/* the key */
	Oid			relation;
	CaptureTrigger *capture;
} CacheEntry;

static const char *const type_endings[CAPTURE_OPERATIONS] = {
	"inserted", "updated", "deleted", "truncated"
};

static HTAB *cache = NULL;

static void
forget_relation(Datum argument, Oid relation)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	respond_capture_fault_table_changed(relation);
	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->capture == NULL)
			continue;
		/* events of a partition are told of the table that is watched */
		if (relation == InvalidOid || entry->relation == relation || entry->capture->created_on == relation)
			entry->capture->valid = false;
	}
}

static void
forget_all(Datum argument, int cache_id, uint32 hash_value)
{
	forget_relation((Datum) 0, InvalidOid);
}

static void
create_cache(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(CacheEntry);
	cache = hash_create("pg_respond capture triggers", 16, &control, HASH_ELEM | HASH_BLOBS);
	respond_relation_on_change(forget_relation);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_all, (Datum) 0);
}

/*
 * The table on which the trigger was created: a partition's trigger is a clone
 * of that of the partitioned table, and the event is told of the latter.
 * *original is the trigger there.
 */
static Oid
find_created_on(Trigger *trigger, Oid relation, Oid *original)
{
	Oid			wanted = trigger->tgoid;
	Relation	triggers;

	*original = trigger->tgoid;
	if (!trigger->tgisclone)
		return relation;
	triggers = table_open(TriggerRelationId, AccessShareLock);
	while (OidIsValid(wanted))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(wanted));
		scan = systable_beginscan(triggers, TriggerOidIndexId, true, NULL, 1, &key);
		wanted = InvalidOid;
		tuple = systable_getnext(scan);
		if (HeapTupleIsValid(tuple))
		{
			*original = ((Form_pg_trigger) GETSTRUCT(tuple))->oid;
			relation = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
			wanted = ((Form_pg_trigger) GETSTRUCT(tuple))->tgparentid;
		}
		systable_endscan(scan);
	}
	table_close(triggers, AccessShareLock);
	return relation;
}

static const char *
option_value(const char *argument, const char *option)
{
	size_t		length = strlen(option);

	return strncmp(argument, option, length) == 0 ? argument + length : NULL;
}

void
respond_capture_arguments_read(CaptureArguments *arguments, int count, char **texts)
{
	memset(arguments, 0, sizeof(CaptureArguments));
	for (int i = 0; i < count; i++)
	{
		char	   *text = texts[i];
		const char *value;

		if ((value = option_value(text, CAPTURE_SUBJECT_OPTION)) != NULL)
			arguments->subject = value;
		else if ((value = option_value(text, CAPTURE_COLUMN_OPTION)) != NULL)
			arguments->columns = lappend(arguments->columns, unconstify(char *, value));
		else if ((value = option_value(text, CAPTURE_NAME_OPTION)) != NULL)
			arguments->name = value;
		else if (strcmp(text, CAPTURE_CONDITION_OPTION) == 0)
			arguments->guarded = true;
		else if (i == 0)
			arguments->type = text[0] != '\0' ? text : NULL;
		else
			arguments->unknown = text;
	}
}

char *
respond_capture_table_name(Oid relation)
{
	Oid			namespace = get_rel_namespace(relation);
	const char *schema = isAnyTempNamespace(namespace) ? "pg_temp" : get_namespace_name(namespace);
	char	   *name = get_rel_name(relation);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	name = respond_capture_subject_escape(name, ESCAPED_IN_NAMES);
	if (schema == NULL || strcmp(schema, "public") == 0)
		return name;
	return psprintf("%s.%s", respond_capture_subject_escape(schema, ESCAPED_IN_NAMES), name);
}

char *
respond_capture_default_type(const char *name, CaptureOperation operation)
{
	return respond_capture_subject_clip(psprintf("%s.%s", name, type_endings[operation]), RESPOND_MAX_TYPE);
}

/* A column that is not there (any more) counts as changed: rather one event too many. */
static void
watch_column(CaptureTrigger *capture, const char *name)
{
	TupleDesc	description = capture->description;

	if (capture->watched == NULL)
		capture->watched = palloc0(Max(description->natts, 1) * sizeof(bool));
	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (!attribute->attisdropped && namestrcmp(&attribute->attname, name) == 0)
		{
			capture->watched[i] = true;
			return;
		}
	}
	memset(capture->watched, true, description->natts * sizeof(bool));
	respond_capture_fault(capture, CAPTURE_FAULT_COLUMN, 0, psprintf("column \"%s\" does not exist", name));
}

/* Parts of a watch that may raise while they are made ready. */
typedef struct Preparation
{
	CaptureTrigger *capture;
	Relation	relation;
	const char *form;
	const char *name;
	const char *when;
	const char *type;
} Preparation;

static void
prepare_subject(void *argument)
{
	Preparation *preparation = argument;

	preparation->capture->subject = respond_capture_subject_compile(preparation->form, preparation->relation,
																	 preparation->name);
}

static void
prepare_condition(void *argument)
{
	Preparation *preparation = argument;

	preparation->capture->condition = respond_capture_expression_from_when(preparation->when);
}

static void
check_type(void *argument)
{
	Preparation *preparation = argument;

	respond_event_check_type(preparation->type, strlen(preparation->type));
}

static void
set_types(CaptureTrigger *capture, const char *type, const char *name)
{
	Preparation preparation = {.type = type};
	ErrorData  *error = type != NULL ? respond_contain_try(check_type, &preparation) : NULL;

	if (error != NULL)
	{
		respond_capture_fault(capture, CAPTURE_FAULT_ARGUMENT, 0, error->message);
		type = NULL;
	}
	for (int i = 0; i < CAPTURE_OPERATIONS; i++)
		capture->types[i] = type != NULL ? pstrdup(type) : respond_capture_default_type(name, i);
}

static void
set_subject(CaptureTrigger *capture, Relation relation, const char *form, const char *name)
{
	Preparation preparation = {capture, relation, form, name};
	ErrorData  *error;

	capture->key_subject = respond_capture_subject_compile(NULL, relation, name);
	capture->subject = capture->key_subject;
	if (form == NULL)
		return;
	error = respond_contain_try(prepare_subject, &preparation);
	if (error != NULL)
	{
		capture->subject = capture->key_subject;
		respond_capture_fault_error(capture, CAPTURE_FAULT_SUBJECT, 0, error);
	}
}

static void
set_condition(CaptureTrigger *capture, const Trigger *trigger, bool guarded)
{
	Preparation preparation = {.capture = capture, .when = trigger->tgqual};
	ErrorData  *error;

	if (!guarded || trigger->tgqual == NULL)
		return;
	error = respond_contain_try(prepare_condition, &preparation);
	if (error != NULL)
	{
		capture->condition_lost = true;
		respond_capture_fault_error(capture, CAPTURE_FAULT_CONDITION, 1, error);
	}
}

static void
read_arguments(CaptureTrigger *capture, Trigger *trigger, Relation relation, Oid created_on)
{
	CaptureArguments arguments;
	const char *name;
	ListCell   *cell;

	respond_capture_arguments_read(&arguments, trigger->tgnargs, trigger->tgargs);
	name = arguments.name != NULL ? pstrdup(arguments.name) : respond_capture_table_name(created_on);
	set_types(capture, arguments.type, name);
	foreach(cell, arguments.columns)
		watch_column(capture, lfirst(cell));
	set_subject(capture, relation, arguments.subject, name);
	set_condition(capture, trigger, arguments.guarded);
	if (arguments.unknown != NULL)
		respond_capture_fault(capture, CAPTURE_FAULT_ARGUMENT, 0,
							  psprintf("argument \"%s\" of trigger \"%s\" means nothing; after the type of the event,"
									   " capture() takes %sFORM and %sNAME",
									   arguments.unknown, trigger->tgname, CAPTURE_SUBJECT_OPTION,
									   CAPTURE_COLUMN_OPTION));
}

static bool
fires_for(const Trigger *trigger, CaptureOperation operation)
{
	switch (operation)
	{
		case CAPTURE_INSERT:
			return TRIGGER_FOR_INSERT(trigger->tgtype);
		case CAPTURE_UPDATE:
			return TRIGGER_FOR_UPDATE(trigger->tgtype);
		case CAPTURE_DELETE:
			return TRIGGER_FOR_DELETE(trigger->tgtype);
		default:
			return false;
	}
}

/* Whether the trigger records all changes of the operation under this type. */
static bool
records_all(const Trigger *trigger, CaptureOperation operation, const char *type)
{
	CaptureArguments arguments;

	respond_capture_arguments_read(&arguments, trigger->tgnargs, trigger->tgargs);
	if (trigger->tgqual != NULL || arguments.columns != NIL || !fires_for(trigger, operation) ||
		trigger->tgnattr > 0 || !TRIGGER_FOR_ROW(trigger->tgtype) || trigger->tgenabled == TRIGGER_DISABLED)
		return false;
	if (arguments.type != NULL)
		return strcmp(arguments.type, type) == 0;
	return arguments.name != NULL &&
		strcmp(respond_capture_default_type(arguments.name, operation), type) == 0;
}

/*
 * In a tree of partitions several levels may be watched, and the triggers of
 * all of them fire for a row.  One event for each type is enough: of those that
 * record everything the first one does it.
 */
static void
find_covered(CaptureTrigger *capture, const Trigger *trigger, Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;
	bool		seen = false;

	if (!TRIGGER_FOR_ROW(trigger->tgtype) || triggers == NULL)
		return;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *other = &triggers->triggers[i];

		if (other->tgoid == trigger->tgoid)
		{
			seen = true;
			continue;
		}
		if (other->tgfoid != trigger->tgfoid || !(other->tgisclone || trigger->tgisclone))
			continue;
		for (int operation = 0; operation < CAPTURE_OPERATIONS; operation++)
			if (records_all(other, operation, capture->types[operation]) &&
				(!seen || !records_all(trigger, operation, capture->types[operation])))
				capture->covered[operation] = true;
	}
}

/* What is known beforehand of the cost and danger of a row's values. */
static void
look_at_columns(CaptureTrigger *capture)
{
	/* of a key, a value and their entries in jsonb, with padding */
	const Size	overhead = 2 * sizeof(JEntry) + 6;

	capture->foreign = respond_capture_subject_is_foreign(capture->subject) || capture->condition != NULL;
	capture->by_settings = respond_capture_subject_is_by_settings(capture->subject) || capture->condition != NULL;
	capture->long_columns = palloc(Max(capture->description->natts, 1) * sizeof(int));
	for (int i = 0; i < capture->description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(capture->description, i);
		const ValueJson *how = respond_row_json_column(capture->rows, i);

		if (how == NULL)
			continue;
		capture->foreign |= how->foreign;
		capture->by_settings |= how->by_settings;
		capture->fixed_size += strlen(NameStr(attribute->attname)) + overhead;
		if (attribute->attlen == -1)
			capture->long_columns[capture->long_count++] = i;
		else
			capture->fixed_size += 32;
	}
}

static CaptureTrigger *
compile(Trigger *trigger, Relation relation)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond capture trigger",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	CaptureTrigger *capture = palloc0(sizeof(CaptureTrigger));
	Oid			created_on = find_created_on(trigger, RelationGetRelid(relation), &capture->original);
	Oid			namespace = get_rel_namespace(created_on);
	const char *schema = isAnyTempNamespace(namespace) ? "pg_temp" : get_namespace_name(namespace);

	capture->trigger = trigger->tgoid;
	capture->created_on = created_on;
	capture->context = context;
	capture->description = CreateTupleDescCopy(RelationGetDescr(relation));
	capture->rows = respond_row_json_create(capture->description);
	capture->relation_name = pstrdup(RelationGetRelationName(relation));
	capture->table = psprintf("%s.%s", schema != NULL ? schema : "", get_rel_name(created_on));
	read_arguments(capture, trigger, relation, created_on);
	look_at_columns(capture);
	find_covered(capture, trigger, relation);
	MemoryContextSwitchTo(before);
	return capture;
}

/* Frees what is of no use any more: a session may watch one temporary table after the other. */
static void
sweep(void)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->capture != NULL && (entry->capture->valid || entry->capture->users > 0))
			continue;
		if (entry->capture != NULL)
			MemoryContextDelete(entry->capture->context);
		(void) hash_search(cache, &entry->trigger, HASH_REMOVE, NULL);
	}
}

CaptureTrigger *
respond_capture_trigger_known(const Trigger *trigger)
{
	CacheEntry *entry = cache != NULL ? hash_search(cache, &trigger->tgoid, HASH_FIND, NULL) : NULL;

	return entry != NULL && entry->capture != NULL && entry->capture->valid ? entry->capture : NULL;
}

CaptureTrigger *
respond_capture_trigger_find(Trigger *trigger, Relation relation)
{
	CaptureTrigger *capture = respond_capture_trigger_known(trigger);
	CacheEntry *entry;

	if (capture != NULL)
		return capture;
	if (cache == NULL)
		create_cache();

	/* The cache is touched only when nothing can fail any more. */
	capture = compile(trigger, relation);
	sweep();
	entry = hash_search(cache, &capture->trigger, HASH_ENTER, NULL);
	MemoryContextSetParent(capture->context, CacheMemoryContext);
	capture->valid = true;
	entry->relation = RelationGetRelid(relation);
	entry->capture = capture;
	return capture;
}
