/*-------------------------------------------------------------------------
 * capture_write.c
 *	  Recording captured events without ever failing the change they tell of.
 *
 * A subtransaction around each write would make this certain, at the price of
 * a transaction id for each, which everybody's snapshots pay for.  What can make
 * the write fail is the state of the event log (its shape, partitions, indexes,
 * sequence), and that seldom changes.  So a session contains its first write,
 * and the first after the log or its newest partition changed, and if it went
 * well trusts the log.  It goes on containing while the log has what is not ours
 * and may refuse one row and take the next: indexes, constraints, columns that
 * are computed.  The log is locked before it is trusted, so that it stays as it is.
 *
 * An error that comes all the same fails one statement; it raises an alarm,
 * after which every session contains its writes for a while: a disk that is full
 * may take a row now and then.
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
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "common/clock.h"
#include "common/contain.h"
#include "common/error_class.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/shape.h"
#include "event/capture_fault.h"
#include "event/capture_order.h"
#include "event/capture_write.h"
#include "event/event_columns.h"

/* Indexes that a partition of the event log has from us. */
#define OWN_INDEXES		2

/* What was there when the last contained write went well. */
static bool trusted = false;
static Oid	trusted_table = InvalidOid;
static Oid	trusted_partition = InvalidOid;
static Oid	trusted_sequence = InvalidOid;
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
	if (relation == InvalidOid || relation == trusted_table || relation == trusted_partition ||
		relation == trusted_sequence)
		trusted = false;
}

/* Whether columns that are not ours have defaults to be computed for each row. */
static bool
computes_defaults(Relation table)
{
	TupleDesc	description = RelationGetDescr(table);
	int			places[SHAPE_MAX_COLUMNS];

	respond_shape_find(&respond_shape_event, description, places);
	for (int i = 0; i < description->natts; i++)
	{
		bool		is_ours = TupleDescAttr(description, i)->attisdropped;
		Node	   *expression;

		for (int c = 0; c < respond_shape_event.count && !is_ours; c++)
			is_ours = places[c] == i;
		expression = is_ours ? NULL : build_column_default(table, i + 1);
		if (expression != NULL && !IsA(expression, Const))
			return true;
	}
	return false;
}

/* Whether a partition that took one row takes any. */
static bool
takes_any_row(Relation table, Relation partition)
{
	TupleConstr *constraints = RelationGetDescr(partition)->constr;

	return list_length(RelationGetIndexList(partition)) <= OWN_INDEXES &&
		(constraints == NULL || (constraints->num_check == 0 && !constraints->has_generated_stored)) &&
		!computes_defaults(table);
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
	oid = respond_partition_for(table, respond_clock_transaction_start());
	partition = table_open(oid, AccessShareLock);
	trusted_partition = oid;
	trusted_sequence = respond_event_write_sequence();
	trusted = takes_any_row(table, partition) && !respond_capture_fault_alarm_is_recent();
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
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		respond_capture_fault_alarm_lasts();
	if (count == 1)
	{
		respond_capture_fault_error(capture, CAPTURE_FAULT_LOST, 1, error);
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

/*
 * Takes the locks of a write, which it keeps; with a lock_timeout only if nobody
 * has to be waited for.
 */
static bool
lock_log(void)
{
	Oid			relations[] = {trusted_table, trusted_partition, trusted_sequence};

	for (int i = 0; i < lengthof(relations); i++)
	{
		if (LockTimeout == 0)
			LockRelationOid(relations[i], RowExclusiveLock);
		else if (!ConditionalLockRelationOid(relations[i], RowExclusiveLock))
			return false;
	}
	return true;
}

/* Whether nothing can fail; whoever changes the log has to wait from now on. */
static bool
may_trust(void)
{
	return trusted && lock_log() && trusted && trusted_alarms == respond_capture_fault_alarms();
}

static void
write_now(const CaptureTrigger *capture, NewEvent *events, int count)
{
	CaptureTrigger *trigger = unconstify(CaptureTrigger *, capture);

	if (XactReadOnly || RecoveryInProgress())
		respond_capture_fault(trigger, CAPTURE_FAULT_LOST, count, "the transaction is read-only");
	else if (may_trust())
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
