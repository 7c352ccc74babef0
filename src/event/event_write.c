/*-------------------------------------------------------------------------
 * event_write.c
 *	  Recording events from C, as many at once as the caller has.
 *
 * Does what an INSERT into respond.event does, without parser, planner and
 * executor nodes: checks the values, fills in the defaults, claims the keys and
 * hands the rows to the writer of partitioned tables.  A trigger that captures
 * rows pays for little more than the rows themselves.
 *
 * src/event/event_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "common/clock.h"
#include "common/jsonb_push.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/relation_change.h"
#include "event/event_check.h"
#include "event/event_columns.h"
#include "event/event_context.h"
#include "event/event_count.h"
#include "event/event_defaults.h"
#include "event/event_key.h"
#include "event/event_write.h"

/* What is the same for all rows of one write. */
typedef struct EventDefaults
{
	TimestampTz now;
	Datum		source_datum;
	Datum		actor_datum;
	Datum		data_datum;
	Datum		xid_datum;
	Datum		incarnation_datum;
} EventDefaults;

/* One row on its way into the table. */
typedef struct EventRow
{
	Datum		values[EVENT_COLUMN_COUNT];
	bool		nulls[EVENT_COLUMN_COUNT];
} EventRow;

/* Known until the relation cache hears of a change of either. */
static Oid	known_table = InvalidOid;
static Oid	known_sequence = InvalidOid;

static void
forget_known(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == known_table || relation == known_sequence)
		known_table = known_sequence = InvalidOid;
}

/* Finds the table and the sequence of its ids. */
static void
find_table(void)
{
	static bool registered = false;
	Relation	table;

	if (OidIsValid(known_table))
		return;
	if (!registered)
	{
		respond_relation_on_change(forget_known);
		registered = true;
	}
	table = table_open(respond_relation_oid("respond", "event"), AccessShareLock);
	known_sequence = respond_identity_sequence(table, get_attnum(RelationGetRelid(table), "id"));
	known_table = RelationGetRelid(table);
	table_close(table, AccessShareLock);
}

Oid
respond_event_write_table(void)
{
	find_table();
	return known_table;
}

Oid
respond_event_write_sequence(void)
{
	find_table();
	return known_sequence;
}

void
respond_event_write_set_cause(NewEvent *event)
{
	const EventContext *context = respond_event_context();

	event->cause = context->event_id;
	event->depth = context->event_id == 0 ? 0 : context->depth + 1;
}

static void
check_event(const NewEvent *event)
{
	respond_event_check_type(event->type, strlen(event->type));
	if (event->source != NULL)
		respond_event_check_source(event->source, strlen(event->source));
	if (event->subject != NULL)
		respond_event_check_subject(strlen(event->subject));
	if (event->key != NULL)
		respond_event_check_key(strlen(event->key));
	if (event->data != NULL)
		respond_event_check_data(JsonbPGetDatum(event->data));
}

static void
find_defaults(EventDefaults *defaults)
{
	defaults->data_datum = JsonbPGetDatum(respond_jsonb_empty_object());
	defaults->now = respond_clock_transaction_start();
	defaults->source_datum = PointerGetDatum(respond_event_defaults_source());
	defaults->actor_datum = PointerGetDatum(respond_event_defaults_actor());
	defaults->xid_datum = FullTransactionIdGetDatum(respond_event_defaults_xid());
}

/* Gives each event its id, and its key if it has one and nobody else has it. */
static void
claim_identities(NewEvent *events, int count, Oid sequence, const EventDefaults *defaults)
{
	KeyClaim   *claims = palloc(sizeof(KeyClaim) * count);
	int			claim_count = 0;
	const char *own_source = NULL;

	for (int i = 0; i < count; i++)
	{
		NewEvent   *event = &events[i];

		event->id = nextval_internal(sequence, false);
		event->known_id = 0;
		if (event->key == NULL)
			continue;
		if (event->source == NULL && own_source == NULL)
			own_source = TextDatumGetCString(defaults->source_datum);
		claims[claim_count++] = (KeyClaim) {OidIsValid(event->producer) ? event->producer : GetUserId(),
			event->source != NULL ? event->source : own_source, event->key, event->id};
	}
	respond_event_keys_claim(claims, claim_count, defaults->now);
	claim_count = 0;
	for (int i = 0; i < count; i++)
	{
		if (events[i].key == NULL)
			continue;
		events[i].known_id = claims[claim_count++].owner;
		if (events[i].known_id != 0)
			events[i].id = 0;
	}
}

static void
set_value(EventRow *row, EventColumn column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
set_text(EventRow *row, EventColumn column, const char *value)
{
	if (value != NULL)
		set_value(row, column, CStringGetTextDatum(value));
}

static void
fill_row(EventRow *row, const NewEvent *event, const EventDefaults *defaults)
{
	memset(row->nulls, true, sizeof(row->nulls));
	memset(row->values, 0, sizeof(row->values));

	set_value(row, EVENT_ID, Int64GetDatum(event->id));
	set_value(row, EVENT_SOURCE, defaults->source_datum);
	set_value(row, EVENT_TIME, TimestampTzGetDatum(event->time != 0 ? event->time : defaults->now));
	set_value(row, EVENT_DATA,
			  event->data != NULL ? JsonbPGetDatum(event->data) : defaults->data_datum);
	if (event->cause != 0)
		set_value(row, EVENT_CAUSE, Int64GetDatum(event->cause));
	set_value(row, EVENT_DEPTH, Int32GetDatum(event->depth));
	set_value(row, EVENT_ACTOR, defaults->actor_datum);
	set_value(row, EVENT_RECORDED_AT, TimestampTzGetDatum(defaults->now));
	set_value(row, EVENT_XID, defaults->xid_datum);
	set_value(row, EVENT_INCARNATION, defaults->incarnation_datum);

	set_text(row, EVENT_TYPE, event->type);
	set_text(row, EVENT_SOURCE, event->source);
	set_text(row, EVENT_SUBJECT, event->subject);
	set_text(row, EVENT_KEY, event->key);
	set_text(row, EVENT_ACTOR, event->actor);
}

void
respond_event_write(NewEvent *events, int count)
{
	EventDefaults defaults;
	PartitionWriter *writer;
	int			written = 0;
	Oid			table;
	Oid			sequence;
	MemoryContext context;
	MemoryContext row_context;
	MemoryContext before;

	if (count == 0)
		return;
	PreventCommandIfReadOnly("INSERT");
	respond_event_context_count(count);
	find_table();
	table = known_table;
	sequence = known_sequence;

	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond event write",
									ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(context);
	row_context = AllocSetContextCreate(context, "pg_respond event row", ALLOCSET_SMALL_SIZES);
	find_defaults(&defaults);

	for (int i = 0; i < count; i++)
		check_event(&events[i]);
	/* Claims may run commands of their own; the writer belongs to one command. */
	claim_identities(events, count, sequence, &defaults);
	writer = respond_partition_writer_open(table, &respond_shape_event);
	/* release() may change it, under a lock that the writer's waited for */
	defaults.incarnation_datum = Int64GetDatum(respond_life_incarnation());
	MemoryContextSwitchTo(row_context);
	for (int i = 0; i < count; i++)
	{
		EventRow	row;

		if (events[i].id == 0)
			continue;
		fill_row(&row, &events[i], &defaults);
		respond_partition_writer_add(writer, defaults.now, row.values, row.nulls);
		MemoryContextReset(row_context);
		written++;
	}
	respond_partition_writer_close(writer);
	respond_event_count(written);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}
