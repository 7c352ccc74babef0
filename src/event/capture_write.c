/*-------------------------------------------------------------------------
 * capture_write.c
 *	  Recording captured events without ever failing the change they tell of.
 *
 * A subtransaction around each write would make this certain, at the price of
 * a transaction id for each, which everybody's snapshots pay for.  What can make
 * the write fail is the state of the event log (its shape, partitions, indexes,
 * sequence), and that seldom changes.  So a session contains its first write,
 * and the first after the log or its newest partition changed, and if it went
 * well trusts the log.  It goes on containing while the log has indexes that
 * are not ours: these may refuse one row and take the next.
 *
 * An error that comes all the same fails one statement; it raises an alarm,
 * after which every session contains its next write.
 *
 * Who waits with a lock_timeout for a log that somebody has locked shall lose
 * the event, not the change.  Without one the write waits, as for any table.
 *
 * src/event/capture_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "common/contain.h"
#include "common/error_class.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "event/capture_fault.h"
#include "event/capture_order.h"
#include "event/capture_write.h"

/* Indexes that a partition of the event log has from us. */
#define OWN_INDEXES		2

/* What was there when the last contained write went well. */
static bool trusted = false;
static Oid	trusted_table = InvalidOid;
static Oid	trusted_partition = InvalidOid;
static uint32 trusted_alarms = 0;

/* Events and how many of them, for a subtransaction. */
typedef struct Recording
{
	NewEvent   *events;
	int			count;
} Recording;

static void
distrust(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == trusted_table || relation == trusted_partition)
		trusted = false;
}

static void
look_at_log(void)
{
	static bool registered = false;
	Relation	table;
	Relation	partition;
	Oid			oid;

	if (!registered)
	{
		respond_relation_on_change(distrust);
		registered = true;
	}
	trusted_table = respond_event_write_table();
	table = table_open(trusted_table, AccessShareLock);
	oid = respond_partition_for(table, GetCurrentTransactionStartTimestamp());
	partition = table_open(oid, AccessShareLock);
	trusted_partition = oid;
	trusted = list_length(RelationGetIndexList(partition)) <= OWN_INDEXES;
	table_close(partition, NoLock);
	table_close(table, NoLock);
}

static void
record(void *argument)
{
	Recording  *recording = argument;

	respond_event_write(recording->events, recording->count);
}

static void
record_and_look(void *argument)
{
	uint32		alarms = respond_capture_fault_alarms();

	record(argument);
	look_at_log();
	trusted_alarms = alarms;
}

static void
write_contained(CaptureTrigger *capture, NewEvent *events, int count)
{
	Recording	recording = {events, count};
	ErrorData  *error;

	trusted = false;
	error = respond_contain_try(record_and_look, &recording);
	if (error == NULL)
		return;
	trusted = false;
	if (count == 1)
	{
		respond_capture_fault(capture, CAPTURE_FAULT_LOST, 1, error->message);
		return;
	}
	/* Perhaps it is but one of them. */
	for (int i = 0; i < count; i++)
		write_contained(capture, &events[i], 1);
}

static void
write_trusting(NewEvent *events, int count)
{
	PG_TRY();
	{
		respond_event_write(events, count);
	}
	PG_CATCH();
	{
		if (respond_error_may_be_swallowed(geterrcode()))
			respond_capture_fault_alarm();
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* Takes the locks of a write, which it keeps, if nobody has to be waited for. */
static bool
can_lock(void)
{
	return ConditionalLockRelationOid(trusted_table, RowExclusiveLock) &&
		ConditionalLockRelationOid(trusted_partition, RowExclusiveLock);
}

static void
write_now(const CaptureTrigger *capture, NewEvent *events, int count)
{
	CaptureTrigger *trigger = unconstify(CaptureTrigger *, capture);

	if (XactReadOnly || RecoveryInProgress())
		respond_capture_fault(trigger, CAPTURE_FAULT_LOST, count, "the transaction is read-only");
	else if (trusted && trusted_alarms == respond_capture_fault_alarms() && (LockTimeout == 0 || can_lock()))
		write_trusting(events, count);
	else
		write_contained(trigger, events, count);
}

void
respond_capture_write(CaptureTrigger *capture, NewEvent *events, int count)
{
	if (count > 0 && !respond_capture_order_defer(capture, events, count))
		write_now(capture, events, count);
}

void
respond_capture_write_initialize(void)
{
	respond_capture_order_initialize(write_now);
}
