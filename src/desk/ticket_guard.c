/*-------------------------------------------------------------------------
 * ticket_guard.c
 *	  Row triggers that keep tickets in order: legal transitions, times, origin.
 *
 * A new ticket pays for it only when it is entered solved or closed: the trigger
 * for INSERT has a WHEN clause.
 *
 * src/desk/ticket_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/restore.h"
#include "common/trigger_call.h"
#include "desk/desk_check.h"
#include "desk/row_compare.h"
#include "desk/ticket_columns.h"

PG_FUNCTION_INFO_V1(respond_ticket_guard);

/* What the guard keeps from row to row of a statement. */
typedef struct GuardState
{
	TicketColumns columns;
	bool	   *changed;		/* scratch, one per column */
} GuardState;

/* The three times that follow from the status, and those to be written instead. */
typedef struct TicketTimes
{
	int			count;
	int			attributes[3];	/* from 1 */
	Datum		values[3];
	bool		nulls[3];
} TicketTimes;

static GuardState *
guard_state(FunctionCallInfo fcinfo, TupleDesc desc)
{
	GuardState *state = fcinfo->flinfo->fn_extra;

	if (state == NULL)
	{
		state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(GuardState));
		state->changed = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, desc->natts * sizeof(bool));
		respond_ticket_columns(desc, &state->columns);
		fcinfo->flinfo->fn_extra = state;
	}
	return state;
}

static TicketStatus
row_status(const TicketColumns *columns, TupleTableSlot *row)
{
	text	   *status;

	if (row->tts_isnull[columns->status])
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("status of a ticket cannot be null")));
	status = DatumGetTextPP(row->tts_values[columns->status]);
	return respond_desk_status(VARDATA_ANY(status), VARSIZE_ANY_EXHDR(status));
}

/* Wants the time (0: NULL) in the row; notes a replacement if the row has another. */
static void
want_time(TicketTimes *times, TupleTableSlot *row, int column, bool is_null, Datum value)
{
	if (row->tts_isnull[column] == is_null && (is_null || row->tts_values[column] == value))
		return;
	times->attributes[times->count] = column + 1;
	times->values[times->count] = value;
	times->nulls[times->count] = is_null;
	times->count++;
}

static HeapTuple
apply_times(TupleDesc desc, HeapTuple tuple, TicketTimes *times)
{
	if (times->count == 0)
		return tuple;
	return heap_modify_tuple_by_cols(tuple, desc, times->count, times->attributes,
									 times->values, times->nulls);
}

/* A ticket that is entered solved or closed gets its times, unless it brings them. */
static HeapTuple
guard_insert(GuardState *state, TupleDesc desc, TriggerData *trigger)
{
	const TicketColumns *columns = &state->columns;
	TupleTableSlot *row = trigger->tg_trigslot;
	Datum		now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	TicketStatus status;
	TicketTimes times = {0};

	slot_getallattrs(row);
	status = row_status(columns, row);
	if (status == TICKET_SOLVED && row->tts_isnull[columns->solved_at])
		want_time(&times, row, columns->solved_at, false, now);
	if (status == TICKET_CLOSED && row->tts_isnull[columns->closed_at])
		want_time(&times, row, columns->closed_at, false, now);
	return apply_times(desc, trigger->tg_trigtuple, &times);
}

static void
refuse_changes_of_origin(GuardState *state, TupleDesc desc)
{
	const TicketColumns *columns = &state->columns;
	int			fixed[] = {columns->id, columns->event_id, columns->run_id,
	columns->created_by, columns->created_at};

	for (int i = 0; i < lengthof(fixed); i++)
		if (state->changed[fixed[i]])
			ereport(ERROR,
					(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
					 errmsg("column \"%s\" of a ticket cannot be changed",
							NameStr(TupleDescAttr(desc, fixed[i])->attname)),
					 errdetail("It tells where the ticket comes from."),
					 errhint("Leave the column out of the UPDATE.")));
}

static HeapTuple
guard_update(GuardState *state, TupleDesc desc, TriggerData *trigger)
{
	const TicketColumns *columns = &state->columns;
	TupleTableSlot *old_row = trigger->tg_trigslot;
	TupleTableSlot *new_row = trigger->tg_newslot;
	Datum		now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	bool		any_change;
	TicketTimes times = {0};
	bool		solved_null;
	bool		closed_null;
	Datum		solved_at;
	Datum		closed_at;

	slot_getallattrs(old_row);
	slot_getallattrs(new_row);
	any_change = respond_ticket_changed_columns(columns, desc, old_row, new_row, state->changed);
	if (any_change)
		refuse_changes_of_origin(state, desc);

	solved_null = old_row->tts_isnull[columns->solved_at];
	solved_at = old_row->tts_values[columns->solved_at];
	closed_null = old_row->tts_isnull[columns->closed_at];
	closed_at = old_row->tts_values[columns->closed_at];
	if (state->changed[columns->status])
	{
		TicketStatus to = row_status(columns, new_row);

		respond_desk_check_transition(DatumGetInt64(old_row->tts_values[columns->id]),
									  row_status(columns, old_row), to);
		if (to == TICKET_SOLVED)
		{
			solved_null = false;
			solved_at = now;
		}
		else if (to == TICKET_CLOSED)
		{
			closed_null = false;
			closed_at = now;
		}
		else
			solved_null = true;
	}

	want_time(&times, new_row, columns->solved_at, solved_null, solved_at);
	want_time(&times, new_row, columns->closed_at, closed_null, closed_at);
	want_time(&times, new_row, columns->updated_at, false,
			  any_change ? now : old_row->tts_values[columns->updated_at]);
	return apply_times(desc, trigger->tg_newtuple, &times);
}

/*
 * BEFORE INSERT OR UPDATE on respond.ticket, for each row.  Refuses illegal
 * transitions (ERRCODE_RESPOND_INVALID_TRANSITION) and changes of columns that
 * tell where the ticket comes from; keeps updated_at, solved_at and closed_at
 * whatever the statement writes into them.
 */
Datum
respond_ticket_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "ticket_guard", "BEFORE", "ROW", "ticket");
	TupleDesc	desc;
	GuardState *state;

	desc = RelationGetDescr(trigger->tg_relation);
	state = guard_state(fcinfo, desc);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		PG_RETURN_POINTER(guard_update(state, desc, trigger));
	if (respond_restore_in_progress())
		PG_RETURN_POINTER(trigger->tg_trigtuple);
	PG_RETURN_POINTER(guard_insert(state, desc, trigger));
}
