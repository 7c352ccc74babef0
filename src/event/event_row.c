/*-------------------------------------------------------------------------
 * event_row.c
 *	  The BEFORE INSERT trigger of respond.event.
 *
 * It checks the row, fills in what the producer does not say, claims the key
 * and sees to it that the commit wakes the dispatchers.  Column defaults and a
 * CHECK constraint would say most of it in SQL, but the server makes their
 * expressions ready anew for every statement: for an INSERT of one row that
 * was a quarter of what happens between Bind and Commit.
 *
 * Values that are there stay: producers have no right to write these columns,
 * so they come from a dump.
 *
 * src/event/event_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "common/clock.h"
#include "common/guc.h"
#include "common/life.h"
#include "event/event_check.h"
#include "event/event_columns.h"
#include "event/event_context.h"
#include "event/event_count.h"
#include "event/event_defaults.h"
#include "event/event_key.h"
#include "event/producer.h"

PG_FUNCTION_INFO_V1(respond_event_row);

/* A row taken apart. */
typedef struct EventRow
{
	int			positions[EVENT_COLUMN_COUNT];	/* of the columns, from 0 */
	Datum	   *values;
	bool	   *nulls;
	bool		filled;			/* whether values differ from those of the tuple */
} EventRow;

static void
take_apart(EventRow *row, Relation relation, TupleTableSlot *slot)
{
	int			count = RelationGetDescr(relation)->natts;

	respond_event_columns_find(relation, row->positions);
	slot_getallattrs(slot);
	row->values = palloc(count * sizeof(Datum));
	row->nulls = palloc(count * sizeof(bool));
	memcpy(row->values, slot->tts_values, count * sizeof(Datum));
	memcpy(row->nulls, slot->tts_isnull, count * sizeof(bool));
	row->filled = false;
}

static bool
is_null(const EventRow *row, EventColumn column)
{
	return row->nulls[row->positions[column]];
}

static Datum
value_of(const EventRow *row, EventColumn column)
{
	return row->values[row->positions[column]];
}

static void
fill(EventRow *row, EventColumn column, Datum value)
{
	row->values[row->positions[column]] = value;
	row->nulls[row->positions[column]] = false;
	row->filled = true;
}

/* Data is not looked at as a whole, and texts are looked at in place. */
static void
check_row(const EventRow *row)
{
	if (!is_null(row, EVENT_TYPE))
	{
		text	   *type = DatumGetTextPP(value_of(row, EVENT_TYPE));

		respond_event_check_type(VARDATA_ANY(type), VARSIZE_ANY_EXHDR(type));
	}
	if (!is_null(row, EVENT_SOURCE))
	{
		text	   *source = DatumGetTextPP(value_of(row, EVENT_SOURCE));

		respond_event_check_source(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source));
	}
	if (!is_null(row, EVENT_SUBJECT))
		respond_event_check_subject(VARSIZE_ANY_EXHDR(DatumGetTextPP(value_of(row, EVENT_SUBJECT))));
	if (!is_null(row, EVENT_KEY))
		respond_event_check_key(VARSIZE_ANY_EXHDR(DatumGetTextPP(value_of(row, EVENT_KEY))));
	if (!is_null(row, EVENT_DATA))
		respond_event_check_data(value_of(row, EVENT_DATA));
}

/*
 * A number of a transaction that came without a mark is of nobody knows where,
 * unless it is that of this transaction.
 */
static int64
mark_of(const EventRow *row)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();

	if (is_null(row, EVENT_XID) ||
		FullTransactionIdEquals(DatumGetFullTransactionId(value_of(row, EVENT_XID)), own))
		return respond_life_incarnation();
	return RESPOND_LIFE_UNKNOWN;
}

/* Which transaction of which database recorded it; what was recorded elsewhere makes the workers hold. */
static void
fill_mark(EventRow *row)
{
	if (is_null(row, EVENT_INCARNATION))
		fill(row, EVENT_INCARNATION, Int64GetDatum(mark_of(row)));
	if (is_null(row, EVENT_XID))
		fill(row, EVENT_XID, FullTransactionIdGetDatum(respond_event_defaults_xid()));
	if (DatumGetInt64(value_of(row, EVENT_INCARNATION)) != respond_life_incarnation())
		respond_life_note_foreign();
}

/* The SQL of a rule does not say itself who acted and why: limits of loops hang on it. */
static void
fill_row(EventRow *row)
{
	const EventContext *context = respond_event_context();

	if (respond_clock_offset != 0 && !is_null(row, EVENT_TIME) &&
		DatumGetTimestampTz(value_of(row, EVENT_TIME)) == GetCurrentTransactionStartTimestamp())
		fill(row, EVENT_TIME, TimestampTzGetDatum(respond_clock_transaction_start()));
	if (is_null(row, EVENT_SOURCE))
		fill(row, EVENT_SOURCE, PointerGetDatum(respond_event_defaults_source()));
	if (is_null(row, EVENT_ACTOR) || context->rule != NULL)
		fill(row, EVENT_ACTOR, PointerGetDatum(respond_event_defaults_actor()));
	respond_event_context_fan_out();
	if (context->event_id != 0)
	{
		fill(row, EVENT_CAUSE, Int64GetDatum(context->event_id));
		fill(row, EVENT_DEPTH, Int32GetDatum(context->depth + 1));
	}
	fill_mark(row);
}

static void
check_source(const EventRow *row)
{
	text	   *source = DatumGetTextPP(value_of(row, EVENT_SOURCE));

	respond_producer_check(GetUserId(), VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source));
}

/* Rows of a dump say who recorded them; if that is nobody here, their keys hold for everybody. */
static Oid
producer_of(const EventRow *row, bool restored)
{
	return restored ? respond_producer_of_actor(TextDatumGetCString(value_of(row, EVENT_ACTOR))) : GetUserId();
}

/* Whether the key is free, or taken by this very event. */
static bool
claim_key(const EventRow *row, Oid producer)
{
	KeyClaim	claim = {producer, TextDatumGetCString(value_of(row, EVENT_SOURCE)),
		TextDatumGetCString(value_of(row, EVENT_KEY)), DatumGetInt64(value_of(row, EVENT_ID))};

	respond_event_keys_claim(&claim, 1, DatumGetTimestampTz(value_of(row, EVENT_RECORDED_AT)));
	return claim.owner == 0 || claim.owner == claim.id;
}

/* event_row(): BEFORE INSERT FOR EACH ROW on respond.event. */
Datum
respond_event_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	EventRow	row;
	bool		restored;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a BEFORE INSERT trigger for each row",
						"event_row")));

	take_apart(&row, trigger->tg_relation, trigger->tg_trigslot);
	check_row(&row);
	restored = !is_null(&row, EVENT_ACTOR) && respond_event_context()->rule == NULL;
	fill_row(&row);
	if (!restored)
		check_source(&row);
	if (!is_null(&row, EVENT_KEY) && !is_null(&row, EVENT_ID) && !claim_key(&row, producer_of(&row, restored)))
		return PointerGetDatum(NULL);
	if (!restored)
		respond_event_count(1);
	if (!row.filled)
		return PointerGetDatum(trigger->tg_trigtuple);
	return PointerGetDatum(heap_form_tuple(RelationGetDescr(trigger->tg_relation),
										   row.values, row.nulls));
}
