/*-------------------------------------------------------------------------
 * capture_trigger.c
 *	  What a session knows of a trigger that calls capture().
 *
 * Columns, names, key and subject are worked out when a trigger first fires in
 * a session and again after its table changed; a statement that changes one
 * row should not pay for it.  Changes of a trigger and of its arguments
 * announce themselves as changes of the table; a renamed schema does not, so
 * any change of a schema counts for all.
 *
 * src/event/capture_trigger.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/reltrigger.h"
#include "utils/syscache.h"

#include "common/relation_change.h"
#include "event/capture_trigger.h"

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

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if ((relation == InvalidOid || entry->relation == relation) && entry->capture != NULL)
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
}

/*
 * The table on which the trigger was created: a partition's trigger is a clone
 * of that of the partitioned table, and the event is told of the latter.
 */
static Oid
find_created_on(Trigger *trigger, Oid relation)
{
	Oid			wanted = trigger->tgoid;
	Relation	triggers;

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
			relation = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
			wanted = ((Form_pg_trigger) GETSTRUCT(tuple))->tgparentid;
		}
		systable_endscan(scan);
	}
	table_close(triggers, AccessShareLock);
	return relation;
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
}

static const char *
option_value(const char *argument, const char *option)
{
	size_t		length = strlen(option);

	return strncmp(argument, option, length) == 0 ? argument + length : NULL;
}

static void
read_arguments(CaptureTrigger *capture, Trigger *trigger, Relation relation, const char *name)
{
	const char *type = NULL;
	const char *subject = NULL;

	for (int i = 0; i < trigger->tgnargs; i++)
	{
		const char *argument = trigger->tgargs[i];
		const char *value;

		if ((value = option_value(argument, CAPTURE_SUBJECT_OPTION)) != NULL)
			subject = value;
		else if ((value = option_value(argument, CAPTURE_COLUMN_OPTION)) != NULL)
			watch_column(capture, value);
		else if (i == 0)
			type = argument[0] != '\0' ? argument : NULL;
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" of trigger \"%s\" on table \"%s\" is not known", argument,
							trigger->tgname, RelationGetRelationName(relation)),
					 errhint("After the type of the event, capture() takes %sFORM and %sNAME.",
							 CAPTURE_SUBJECT_OPTION, CAPTURE_COLUMN_OPTION)));
	}
	for (int i = 0; i < CAPTURE_OPERATIONS; i++)
		capture->types[i] = type != NULL ? pstrdup(type) : psprintf("%s.%s", name, type_endings[i]);
	capture->subject = respond_capture_subject_compile(subject, relation, name, false);
}

static CaptureTrigger *
compile(Trigger *trigger, Relation relation)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond capture trigger",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	CaptureTrigger *capture = palloc0(sizeof(CaptureTrigger));
	Oid			created_on = find_created_on(trigger, RelationGetRelid(relation));
	char	   *name = get_rel_name(created_on);

	capture->trigger = trigger->tgoid;
	capture->context = context;
	capture->description = CreateTupleDescCopy(RelationGetDescr(relation));
	capture->rows = respond_row_json_create(capture->description);
	capture->table = psprintf("%s.%s", get_namespace_name(get_rel_namespace(created_on)), name);
	read_arguments(capture, trigger, relation, name);
	MemoryContextSwitchTo(before);
	return capture;
}

CaptureTrigger *
respond_capture_trigger_find(Trigger *trigger, Relation relation)
{
	CacheEntry *entry;
	CaptureTrigger *capture;
	bool		found;

	if (cache == NULL)
		create_cache();
	entry = hash_search(cache, &trigger->tgoid, HASH_FIND, NULL);
	if (entry != NULL && entry->capture != NULL && entry->capture->valid)
		return entry->capture;

	/* The cache is touched only when nothing can fail any more. */
	capture = compile(trigger, relation);
	entry = hash_search(cache, &capture->trigger, HASH_ENTER, &found);
	if (found && entry->capture != NULL && entry->capture->users == 0)
		MemoryContextDelete(entry->capture->context);
	MemoryContextSetParent(capture->context, CacheMemoryContext);
	capture->valid = true;
	entry->relation = RelationGetRelid(relation);
	entry->capture = capture;
	return capture;
}
