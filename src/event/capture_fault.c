/*-------------------------------------------------------------------------
 * capture_fault.c
 *	  What went wrong while changes were captured, and was not raised.
 *
 * A write of the user goes on whatever happens to its event, so somebody else
 * has to hear of it.  Faults are kept in shared memory, one entry for each
 * trigger and kind, until the server restarts or the trigger is made anew; a
 * transaction that is rolled back leaves its faults, as it leaves its warnings.
 * There is a fixed number of entries; the one that was not seen for the longest
 * time makes room.
 *
 * src/event/capture_fault.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/condition_name.h"
#include "common/errors.h"
#include "common/shmem_area.h"
#include "event/capture_fault.h"

PG_FUNCTION_INFO_V1(respond_capture_faults);
PG_FUNCTION_INFO_V1(respond_capture_forget_faults);

#define TRANCHE_NAME	"pg_respond capture"
#define MAX_ENTRIES		256
#define MAX_MESSAGE		512

#define ALARM_SECONDS	60

typedef struct FaultEntry
{
	Oid			database;		/* InvalidOid: free */
	Oid			trigger;
	Oid			table;
	CaptureFault fault;
	uint64		count;			/* events */
	TimestampTz first_at;
	TimestampTz last_at;
	int			sqlerrcode;		/* of the error that the message is of; 0: it is our own */
	char		message[MAX_MESSAGE];
} FaultEntry;

typedef struct FaultTable
{
	LWLock	   *lock;			/* protects the entries */
	pg_atomic_uint32 alarms;
	pg_atomic_uint64 alarm_at;	/* when the last one was, as TimestampTz; 0: never */
	FaultEntry	entries[MAX_ENTRIES];
} FaultTable;

static FaultTable *faults = NULL;

/* What this session has said about the watches of a table. */
typedef struct SaidEntry
{
	Oid			table;			/* the key */
	bool		changed;		/* the table has, since */
	uint32		messages[CAPTURE_FAULTS];	/* hash of what was said last, 0: nothing */
} SaidEntry;

static HTAB *said = NULL;

static const char *const fault_names[CAPTURE_FAULTS] = {
	"subject", "condition", "column", "value", "argument", "lost"
};

static void
fill(const ShmemArea *area, LWLock *lock)
{
	faults->lock = lock;
	pg_atomic_init_u32(&faults->alarms, 0);
	pg_atomic_init_u64(&faults->alarm_at, 0);
}

static const ShmemArea area = {"pg_respond capture faults", sizeof(FaultTable), TRANCHE_NAME, fill, (void **) &faults};

void
respond_capture_fault_initialize(void)
{
	respond_shmem_area_request(&area);
}

/* The entry of the fault, or one to be used for it; under the lock. */
static FaultEntry *
find_entry(Oid trigger, CaptureFault fault)
{
	FaultEntry *oldest = &faults->entries[0];

	Assert(LWLockHeldByMeInMode(faults->lock, LW_EXCLUSIVE));
	for (int i = 0; i < MAX_ENTRIES; i++)
	{
		FaultEntry *entry = &faults->entries[i];

		if (entry->database == MyDatabaseId && entry->trigger == trigger && entry->fault == fault)
			return entry;
		if (entry->database == InvalidOid ? oldest->database != InvalidOid :
			oldest->database != InvalidOid && entry->last_at < oldest->last_at)
			oldest = entry;
	}
	memset(oldest, 0, sizeof(FaultEntry));
	return oldest;
}

/* Returns whether it was not known. */
static bool
note(const CaptureTrigger *capture, CaptureFault fault, int count, const char *message, int sqlerrcode)
{
	TimestampTz now = GetCurrentTimestamp();
	FaultEntry *entry;
	bool		is_new;

	LWLockAcquire(faults->lock, LW_EXCLUSIVE);
	entry = find_entry(capture->original, fault);
	is_new = entry->database == InvalidOid;
	if (is_new)
		entry->first_at = now;
	entry->database = MyDatabaseId;
	entry->trigger = capture->original;
	entry->table = capture->created_on;
	entry->fault = fault;
	entry->count += count;
	entry->last_at = now;
	entry->sqlerrcode = sqlerrcode;
	strlcpy(entry->message, message, MAX_MESSAGE);
	if (strlen(message) >= MAX_MESSAGE)
		entry->message[pg_mbcliplen(message, strlen(message), MAX_MESSAGE - 1)] = '\0';
	LWLockRelease(faults->lock);
	return is_new;
}

static const char *
consequence(CaptureFault fault)
{
	switch (fault)
	{
		case CAPTURE_FAULT_SUBJECT:
			return "subject of watched table \"%s\" cannot be computed, using its key instead";
		case CAPTURE_FAULT_CONDITION:
			return "condition of watched table \"%s\" failed, recording the event";
		case CAPTURE_FAULT_COLUMN:
			return "a column that is watched in table \"%s\" does not exist, recording every update";
		case CAPTURE_FAULT_VALUE:
			return "a value of watched table \"%s\" cannot be recorded as JSON";
		case CAPTURE_FAULT_ARGUMENT:
			return "a trigger of watched table \"%s\" is wrong";
		default:
			return "an event of watched table \"%s\" could not be recorded";
	}
}

/*
 * Notes that it is said now.  A watch has several triggers, which would say the
 * same; and a row that fails is likely to be followed by others, for reasons that
 * are worded differently.  Once the table has changed, something else is news.
 */
static bool
was_said(Oid table, CaptureFault fault, const char *message)
{
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) message, strlen(message))) | 1;
	SaidEntry  *entry;
	bool		found;
	bool		result;

	if (said == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(Oid);
		control.entrysize = sizeof(SaidEntry);
		said = hash_create("pg_respond capture warnings", 16, &control, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(said, &table, HASH_ENTER, &found);
	if (!found)
	{
		memset(entry->messages, 0, sizeof(entry->messages));
		entry->changed = false;
	}
	result = entry->messages[fault] != 0 && (!entry->changed || entry->messages[fault] == hash);
	entry->messages[fault] = hash;
	return result;
}

void
respond_capture_fault_table_changed(Oid table)
{
	SaidEntry  *entry = said != NULL ? hash_search(said, &table, HASH_FIND, NULL) : NULL;

	if (entry != NULL)
		entry->changed = true;
}

static void
note_and_warn(CaptureTrigger *capture, CaptureFault fault, int count, const char *message, int sqlerrcode)
{
	bool		is_new = note(capture, fault, count, message, sqlerrcode);
	int			level = is_new ? WARNING : WARNING_CLIENT_ONLY;

	if (was_said(capture->created_on, fault, message))
		return;
	ereport(level,
			(errcode(fault == CAPTURE_FAULT_LOST ? ERRCODE_RESPOND_EVENT_LOST : ERRCODE_WARNING),
			 errmsg(consequence(fault), capture->relation_name),
			 errdetail("%s%s", message, message[0] != '\0' && strchr(".!?", message[strlen(message) - 1]) ? "" : "."),
			 errhint("The change itself was made. SELECT * FROM respond.health() tells what to do. This warning appears"
					 " once per session.")));
}

void
respond_capture_fault(CaptureTrigger *capture, CaptureFault fault, int count, const char *message)
{
	note_and_warn(capture, fault, count, message, 0);
}

void
respond_capture_fault_error(CaptureTrigger *capture, CaptureFault fault, int count, const ErrorData *error)
{
	note_and_warn(capture, fault, count, error->message, error->sqlerrcode);
}

void
respond_capture_fault_alarm(void)
{
	respond_capture_fault_alarm_lasts();
	pg_atomic_fetch_add_u32(&faults->alarms, 1);
}

void
respond_capture_fault_alarm_lasts(void)
{
	pg_atomic_write_u64(&faults->alarm_at, (uint64) GetCurrentTimestamp());
}

bool
respond_capture_fault_alarm_is_recent(void)
{
	TimestampTz at = (TimestampTz) pg_atomic_read_u64(&faults->alarm_at);

	return at != 0 && !TimestampDifferenceExceeds(at, GetCurrentTimestamp(), ALARM_SECONDS * 1000);
}

uint32
respond_capture_fault_alarms(void)
{
	return pg_atomic_read_u32(&faults->alarms);
}

/* The message as the outer user may read it: health() runs as somebody else. */
static const char *
readable_message(const FaultEntry *entry)
{
	HeapTuple	tuple;
	bool		may_read = superuser_arg(GetOuterUserId());

	if (entry->sqlerrcode == 0 || may_read)
		return entry->message;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(entry->table));
	if (HeapTupleIsValid(tuple))
	{
		may_read = has_privs_of_role(GetOuterUserId(), ((Form_pg_class) GETSTRUCT(tuple))->relowner);
		ReleaseSysCache(tuple);
	}
	return may_read ? entry->message : respond_condition_text(entry->sqlerrcode);
}

/* capture_faults(): the faults of this database. */
Datum
respond_capture_faults(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FaultEntry *copy = palloc(sizeof(faults->entries));

	InitMaterializedSRF(fcinfo, 0);
	LWLockAcquire(faults->lock, LW_SHARED);
	memcpy(copy, faults->entries, sizeof(faults->entries));
	LWLockRelease(faults->lock);
	for (int i = 0; i < MAX_ENTRIES; i++)
	{
		Datum		values[7];
		bool		nulls[7] = {false};

		if (copy[i].database != MyDatabaseId)
			continue;
		values[0] = ObjectIdGetDatum(copy[i].trigger);
		values[1] = ObjectIdGetDatum(copy[i].table);
		values[2] = CStringGetTextDatum(fault_names[copy[i].fault]);
		values[3] = Int64GetDatum(copy[i].count);
		values[4] = TimestampTzGetDatum(copy[i].first_at);
		values[5] = TimestampTzGetDatum(copy[i].last_at);
		values[6] = CStringGetTextDatum(readable_message(&copy[i]));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* capture_forget_faults(table) → how many; when somebody has dealt with them. */
Datum
respond_capture_forget_faults(PG_FUNCTION_ARGS)
{
	Oid			table = PG_GETARG_OID(0);
	int			forgotten = 0;

	LWLockAcquire(faults->lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_ENTRIES; i++)
	{
		if (faults->entries[i].database != MyDatabaseId || faults->entries[i].table != table)
			continue;
		faults->entries[i].database = InvalidOid;
		forgotten++;
	}
	LWLockRelease(faults->lock);
	PG_RETURN_INT32(forgotten);
}
