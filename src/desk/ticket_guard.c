/*-------------------------------------------------------------------------
 * ticket_guard.c
 *	  Row triggers that keep tickets in order: legal transitions, times, origin.
 *
 * A new ticket pays for it only when it is entered by an agent, solved or closed,
 * or with more than one tag: the trigger for INSERT has a WHEN clause.
 *
 * src/desk/ticket_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "desk/desk_check.h"
#include "desk/merge.h"
#include "desk/row_compare.h"
#include "desk/sight.h"
#include "desk/ticket_columns.h"
#include "desk/ticket_tags.h"
#include "event/event_context.h"

PG_FUNCTION_INFO_V1(respond_ticket_guard);

/* What the guard keeps from row to row of a statement. */
typedef struct GuardState
{
	TicketColumns columns;
	bool	   *changed;		/* scratch, one per column */
} GuardState;

/* What is to be written instead: the times that follow from the status, tags, and who is logged in. */
typedef struct RowChanges
{
	int			count;
	int			attributes[4];	/* from 1 */
	Datum		values[4];
	bool		nulls[4];
} RowChanges;

static KeptPlan open_ticket_plan = {
	"SELECT t.id FROM respond.ticket AS t WHERE t.key OPERATOR(pg_catalog.=) $1"
	" AND t.status OPERATOR(pg_catalog.<>) ALL ('" TICKET_DONE_STATUSES "')"
	" AND t.id OPERATOR(pg_catalog.<>) $2",
	2, {TEXTOID, INT8OID}
};

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
want_time(RowChanges *changes, TupleTableSlot *row, int column, bool is_null, Datum value)
{
	if (row->tts_isnull[column] == is_null && (is_null || row->tts_values[column] == value))
		return;
	changes->attributes[changes->count] = column + 1;
	changes->values[changes->count] = value;
	changes->nulls[changes->count] = is_null;
	changes->count++;
}

/* Tags are labels: a ticket has each of them once, in the order in which they were given. */
static void
want_tags_once(RowChanges *changes, TupleTableSlot *row, int column)
{
	ArrayType  *once;

	if (row->tts_isnull[column])
		return;
	once = respond_tags_once(DatumGetArrayTypeP(row->tts_values[column]));
	if (once == NULL)
		return;
	changes->attributes[changes->count] = column + 1;
	changes->values[changes->count] = PointerGetDatum(once);
	changes->nulls[changes->count] = false;
	changes->count++;
}

/* Who is logged in is nobody's to say; created_by may be that of another desk that tickets come from. */
static void
want_session_actor(RowChanges *changes, TupleTableSlot *row, int column)
{
	char	   *actor = respond_event_context_session_actor();

	if (row->tts_isnull[column] ? actor == NULL :
		actor != NULL && strcmp(actor, TextDatumGetCString(row->tts_values[column])) == 0)
		return;
	changes->attributes[changes->count] = column + 1;
	changes->values[changes->count] = actor != NULL ? CStringGetTextDatum(actor) : (Datum) 0;
	changes->nulls[changes->count] = actor == NULL;
	changes->count++;
}

static HeapTuple
apply_changes(TupleDesc desc, HeapTuple tuple, RowChanges *changes)
{
	if (changes->count == 0)
		return tuple;
	return heap_modify_tuple_by_cols(tuple, desc, changes->count, changes->attributes,
									 changes->values, changes->nulls);
}

/* Where a number leads is for merge() to say, and for a subscription that brings what it said. */
static void
refuse_lead(const TicketColumns *columns, TupleTableSlot *row)
{
	int64		into = row->tts_isnull[columns->merged_into] ? 0 : DatumGetInt64(row->tts_values[columns->merged_into]);

	if (respond_merge_writes(DatumGetInt64(row->tts_values[columns->id]), into) || respond_restore_in_progress())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
			 errmsg("column \"merged_into\" of a ticket cannot be written"),
			 errdetail("It says where the number of a merged ticket leads."),
			 errhint("Merge tickets with respond.merge(from_ticket, into_ticket).")));
}

/* A ticket that is entered solved or closed gets its times, unless it brings them. */
static HeapTuple
guard_insert(GuardState *state, TupleDesc desc, TriggerData *trigger)
{
	const TicketColumns *columns = &state->columns;
	TupleTableSlot *row = trigger->tg_trigslot;
	Datum		now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	TicketStatus status;
	RowChanges changes = {0};

	slot_getallattrs(row);
	if (!row->tts_isnull[columns->merged_into])
		refuse_lead(columns, row);
	status = row_status(columns, row);
	if (status == TICKET_SOLVED && row->tts_isnull[columns->solved_at])
		want_time(&changes, row, columns->solved_at, false, now);
	if (status == TICKET_CLOSED && row->tts_isnull[columns->closed_at])
		want_time(&changes, row, columns->closed_at, false, now);
	want_tags_once(&changes, row, columns->tags);
	want_session_actor(&changes, row, columns->session_actor);
	return apply_changes(desc, trigger->tg_trigtuple, &changes);
}

/*
 * A ticket that is opened again, or gets another key, while another ticket with
 * the key is open.  The unique index would say it in words of its own; it still
 * does for a ticket that is opened at the same moment.
 */
static void
refuse_second_open_ticket(const TicketColumns *columns, TupleTableSlot *row)
{
	Datum		values[2] = {row->tts_values[columns->key], row->tts_values[columns->id]};
	int64		other = 0;
	bool		is_null;

	SPI_connect();
	if (respond_kept_plan_run_newest(&open_ticket_plan, values, NULL) > 0)
		other = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	if (other != 0 && !respond_sight_of_ticket(other))
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("ticket " INT64_FORMAT " cannot be open: another ticket with the same key is",
						DatumGetInt64(values[1])),
				 errdetail("Only one ticket with the key \"%s\" can be unsolved at a time."
						   " You do not see the other one.",
						   TextDatumGetCString(values[0])),
				 errhint("Give the ticket another key.")));
	if (other != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("ticket " INT64_FORMAT " cannot be open: ticket " INT64_FORMAT " with the same key is",
						DatumGetInt64(values[1]), other),
				 errdetail("Only one ticket with the key \"%s\" can be unsolved at a time.",
						   TextDatumGetCString(values[0])),
				 errhint("Continue with ticket " INT64_FORMAT ", or solve it first, or give one of them another key.",
						 other)));
}

static void
refuse_changes_of_origin(GuardState *state, TupleDesc desc)
{
	const TicketColumns *columns = &state->columns;
	int			fixed[] = {columns->id, columns->event_id, columns->run_id,
	columns->created_by, columns->created_at, columns->session_actor};

	for (int i = 0; i < lengthof(fixed); i++)
		if (state->changed[fixed[i]])
			ereport(ERROR,
					(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
					 errmsg("column \"%s\" of a ticket cannot be changed",
							NameStr(TupleDescAttr(desc, fixed[i])->attname)),
					 errdetail("It says where the ticket comes from."),
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
	RowChanges changes = {0};
	bool		solved_null;
	bool		closed_null;
	Datum		solved_at;
	Datum		closed_at;

	slot_getallattrs(old_row);
	slot_getallattrs(new_row);
	any_change = respond_ticket_changed_columns(columns, desc, old_row, new_row, state->changed);
	if (any_change)
		refuse_changes_of_origin(state, desc);
	if (state->changed[columns->merged_into])
		refuse_lead(columns, new_row);

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

	if (!new_row->tts_isnull[columns->key] && (state->changed[columns->key] || state->changed[columns->status]) &&
		!respond_ticket_status_is_done(row_status(columns, new_row)) &&
		(state->changed[columns->key] || respond_ticket_status_is_done(row_status(columns, old_row))))
		refuse_second_open_ticket(columns, new_row);
	if (state->changed[columns->tags])
		want_tags_once(&changes, new_row, columns->tags);

	want_time(&changes, new_row, columns->solved_at, solved_null, solved_at);
	want_time(&changes, new_row, columns->closed_at, closed_null, closed_at);
	want_time(&changes, new_row, columns->updated_at, false,
			  any_change ? now : old_row->tts_values[columns->updated_at]);
	return apply_changes(desc, trigger->tg_newtuple, &changes);
}

/*
 * BEFORE INSERT OR UPDATE on respond.ticket, for each row.  Refuses illegal
 * transitions (ERRCODE_RESPOND_INVALID_TRANSITION) and changes of columns that
 * tell where the ticket comes from or leads to; keeps updated_at, solved_at and closed_at
 * whatever the statement writes into them.
 */
Datum
respond_ticket_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "ticket_guard", "BEFORE", "ROW", "ticket");
	TupleDesc	desc;
	GuardState *state;
	HeapTuple	result;
	bool		is_null;

	desc = RelationGetDescr(trigger->tg_relation);
	state = guard_state(fcinfo, desc);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		result = guard_update(state, desc, trigger);
	else if (respond_restore_in_progress())
		result = trigger->tg_trigtuple;
	else
		result = guard_insert(state, desc, trigger);
	respond_sight_of_written(DatumGetInt64(slot_getattr(trigger->tg_trigslot, state->columns.id + 1, &is_null)));
	PG_RETURN_POINTER(result);
}
