/*-------------------------------------------------------------------------
 * ticket_record.c
 *	  Statement triggers that put changes of tickets, comments and ratings on record.
 *
 * They fire once per statement and read its transition tables, so a statement
 * that changes ten thousand tickets costs ten thousand rows of history, not ten
 * thousand trigger calls.
 *
 * src/desk/ticket_record.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "common/jsonb_push.h"
#include "common/restore.h"
#include "common/row_json.h"
#include "common/trigger_call.h"
#include "desk/recorder.h"
#include "desk/row_compare.h"
#include "desk/sight.h"
#include "desk/ticket_columns.h"

PG_FUNCTION_INFO_V1(respond_ticket_record);
PG_FUNCTION_INFO_V1(respond_comment_record);
PG_FUNCTION_INFO_V1(respond_rating_record);

/* One statement on respond.ticket. */
typedef struct TicketStatement
{
	TicketColumns columns;
	TupleDesc	desc;
	RowJson    *row_json;
	bool	   *initial;		/* columns that the history of a new ticket begins with */
	bool	   *changed;		/* scratch: columns that an UPDATE changed */
	Recorder   *recorder;
} TicketStatement;

/* A reader of a transition table; other triggers may read it too. */
static TupleTableSlot *
open_transition_table(Tuplestorestate *table, TupleDesc desc, int *pointer)
{
	*pointer = tuplestore_alloc_read_pointer(table, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(table, *pointer);
	tuplestore_rescan(table);
	return MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

static bool
next_row(Tuplestorestate *table, int pointer, TupleTableSlot *slot)
{
	tuplestore_select_read_pointer(table, pointer);
	if (!tuplestore_gettupleslot(table, true, false, slot))
		return false;
	slot_getallattrs(slot);
	return true;
}

static int64
slot_int64(TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column] ? 0 : DatumGetInt64(slot->tts_values[column]);
}

/* {"ticket": {...}} */
static Jsonb *
ticket_document(TicketStatement *statement, TupleTableSlot *row)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, "ticket");
	respond_row_json_push(statement->row_json, &state, row->tts_values, row->tts_isnull, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
require_team(TicketStatement *statement, TupleTableSlot *row)
{
	if (!row->tts_isnull[statement->columns.team])
		respond_recorder_require_team(statement->recorder, row->tts_values[statement->columns.team]);
}

static void
record_created(TicketStatement *statement, TupleTableSlot *row)
{
	Recorder   *recorder = statement->recorder;
	int64		id = slot_int64(row, statement->columns.id);
	Origin		origin = respond_recorder_origin(recorder, slot_int64(row, statement->columns.run_id));

	require_team(statement, row);
	respond_recorder_event(recorder, &origin, "ticket.created", id, ticket_document(statement, row));
	respond_recorder_audit(recorder, &origin, "ticket.created", id, NULL,
						   respond_row_json(statement->row_json, row->tts_values, row->tts_isnull, NULL));
	respond_recorder_history(recorder, &origin, id, "created", NULL,
							 respond_row_json(statement->row_json, row->tts_values, row->tts_isnull,
											  statement->initial));
}

static void
record_deleted(TicketStatement *statement, TupleTableSlot *row)
{
	Recorder   *recorder = statement->recorder;
	int64		id = slot_int64(row, statement->columns.id);
	Origin		origin = respond_recorder_origin(recorder, 0);

	respond_recorder_event(recorder, &origin, "ticket.deleted", id, ticket_document(statement, row));
	respond_recorder_audit(recorder, &origin, "ticket.deleted", id,
						   respond_row_json(statement->row_json, row->tts_values, row->tts_isnull, NULL),
						   NULL);
	respond_recorder_history(recorder, &origin, id, "deleted", NULL, NULL);
	respond_recorder_delete_comments(recorder, id);
}

/* {"new": {...}, "old": {...}, "ticket": {...}, "changed": [...]}, keys in jsonb's order. */
static Jsonb *
update_document(TicketStatement *statement, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, "new");
	respond_row_json_push(statement->row_json, &state, new_row->tts_values, new_row->tts_isnull,
						  statement->changed);
	respond_jsonb_push_key(&state, "old");
	respond_row_json_push(statement->row_json, &state, old_row->tts_values, old_row->tts_isnull,
						  statement->changed);
	respond_jsonb_push_key(&state, "ticket");
	respond_row_json_push(statement->row_json, &state, new_row->tts_values, new_row->tts_isnull, NULL);
	respond_jsonb_push_key(&state, "changed");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < statement->desc->natts; i++)
		if (statement->changed[i])
			respond_jsonb_push_text_element(&state, NameStr(TupleDescAttr(statement->desc, i)->attname));
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
record_updated(TicketStatement *statement, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	Recorder   *recorder = statement->recorder;
	int64		id = slot_int64(new_row, statement->columns.id);
	Origin		origin;

	if (!respond_ticket_changed_columns(&statement->columns, statement->desc, old_row, new_row,
										statement->changed))
		return;

	if (statement->changed[statement->columns.team])
		require_team(statement, new_row);

	/* The row's run_id names the run that opened the ticket, not the one that changes it. */
	origin = respond_recorder_origin(recorder, 0);
	respond_recorder_event(recorder, &origin, "ticket.updated", id,
						   update_document(statement, old_row, new_row));
	respond_recorder_audit(recorder, &origin, "ticket.updated", id,
						   respond_row_json(statement->row_json, old_row->tts_values,
											old_row->tts_isnull, statement->changed),
						   respond_row_json(statement->row_json, new_row->tts_values,
											new_row->tts_isnull, statement->changed));
	for (int i = 0; i < statement->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(statement->desc, i);

		if (statement->changed[i])
			respond_recorder_history(recorder, &origin, id, NameStr(attribute->attname),
									 respond_value_json(old_row->tts_values[i], old_row->tts_isnull[i],
														attribute->atttypid),
									 respond_value_json(new_row->tts_values[i], new_row->tts_isnull[i],
														attribute->atttypid));
	}
}

static void
record_statement(TicketStatement *statement, TriggerData *trigger)
{
	Tuplestorestate *old_table = trigger->tg_oldtable;
	Tuplestorestate *new_table = trigger->tg_newtable;
	TupleTableSlot *old_row = NULL;
	TupleTableSlot *new_row = NULL;
	int			old_pointer = 0;
	int			new_pointer = 0;

	if (old_table != NULL)
		old_row = open_transition_table(old_table, statement->desc, &old_pointer);
	if (new_table != NULL)
		new_row = open_transition_table(new_table, statement->desc, &new_pointer);

	/* An UPDATE adds to both tables in step, so their rows pair up by place. */
	while ((old_row == NULL || next_row(old_table, old_pointer, old_row)) &&
		   (new_row == NULL || next_row(new_table, new_pointer, new_row)))
	{
		MemoryContext old = MemoryContextSwitchTo(respond_recorder_memory(statement->recorder));

		if (old_row == NULL)
			record_created(statement, new_row);
		else if (new_row == NULL)
			record_deleted(statement, old_row);
		else
			record_updated(statement, old_row, new_row);
		MemoryContextSwitchTo(old);
		respond_recorder_row_done(statement->recorder);
	}

	if (old_row != NULL)
		ExecDropSingleTupleTableSlot(old_row);
	if (new_row != NULL)
		ExecDropSingleTupleTableSlot(new_row);
}

/* AFTER INSERT, UPDATE or DELETE on respond.ticket, for each statement, with transition tables. */
Datum
respond_ticket_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "ticket_record", "AFTER", "STATEMENT", "ticket");
	TicketStatement statement = {0};

	respond_sight_of_written_ends();
	/* Tickets that come from a dump bring their history along. */
	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);

	statement.desc = RelationGetDescr(trigger->tg_relation);
	respond_ticket_columns(statement.desc, &statement.columns);
	statement.row_json = respond_row_json_create(statement.desc);
	statement.changed = palloc0(statement.desc->natts * sizeof(bool));
	statement.initial = palloc0(statement.desc->natts * sizeof(bool));
	statement.initial[statement.columns.status] = true;
	statement.initial[statement.columns.priority] = true;
	statement.initial[statement.columns.team] = true;
	statement.initial[statement.columns.assignee] = true;
	statement.recorder = respond_recorder_begin();
	record_statement(&statement, trigger);
	respond_recorder_end(statement.recorder);
	PG_RETURN_POINTER(NULL);
}

/* What is said about tickets: rows of a table with id, ticket_id and run_id that nobody changes. */
typedef struct AboutTicket
{
	const Shape *shape;
	const char *trigger;
	const char *table;
	const char *event_type;
	const char *member;			/* of the event's data and field of the history */
	const char *told[4];		/* columns that the history has */
} AboutTicket;

static const AboutTicket comments = {&respond_shape_comment, "comment_record", "comment", "ticket.commented", "comment",
	{"id", "kind", "author", NULL}
};
static const AboutTicket ratings = {&respond_shape_rating, "rating_record", "rating", "ticket.rated", "rating",
	{"id", "score", "rated_by", NULL}
};

/* {"comment": {...}, "ticket_id": N} */
static Jsonb *
about_document(const AboutTicket *about, RowJson *row_json, TupleTableSlot *row, int64 ticket_id)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, about->member);
	respond_row_json_push(row_json, &state, row->tts_values, row->tts_isnull, NULL);
	respond_jsonb_push_int64(&state, "ticket_id", ticket_id);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Datum
record_about(FunctionCallInfo fcinfo, const AboutTicket *about)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, about->trigger, "AFTER", "STATEMENT", about->table);
	TupleDesc	desc;
	TupleTableSlot *row;
	Recorder   *recorder;
	RowJson    *row_json;
	bool	   *told;
	int			pointer;
	int			ticket_id_place;
	int			run_id_place;

	if (trigger->tg_newtable == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" needs the new rows as a table", trigger->tg_trigger->tgname)));
	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);

	desc = RelationGetDescr(trigger->tg_relation);
	ticket_id_place = respond_column_place(about->shape, desc, "ticket_id");
	run_id_place = respond_column_place(about->shape, desc, "run_id");
	row_json = respond_row_json_create(desc);
	told = palloc0(desc->natts * sizeof(bool));
	for (int i = 0; about->told[i] != NULL; i++)
		told[respond_column_place(about->shape, desc, about->told[i])] = true;

	recorder = respond_recorder_begin();
	row = open_transition_table(trigger->tg_newtable, desc, &pointer);
	while (next_row(trigger->tg_newtable, pointer, row))
	{
		MemoryContext old = MemoryContextSwitchTo(respond_recorder_memory(recorder));
		int64		ticket_id = slot_int64(row, ticket_id_place);
		Origin		origin = respond_recorder_origin(recorder, slot_int64(row, run_id_place));

		respond_recorder_require_ticket(recorder, ticket_id);
		respond_recorder_event(recorder, &origin, about->event_type, ticket_id,
							   about_document(about, row_json, row, ticket_id));
		respond_recorder_audit(recorder, &origin, about->event_type, ticket_id, NULL,
							   respond_row_json(row_json, row->tts_values, row->tts_isnull, NULL));
		respond_recorder_history(recorder, &origin, ticket_id, about->member, NULL,
								 respond_row_json(row_json, row->tts_values, row->tts_isnull, told));
		MemoryContextSwitchTo(old);
		respond_recorder_row_done(recorder);
	}
	ExecDropSingleTupleTableSlot(row);
	respond_recorder_end(recorder);
	PG_RETURN_POINTER(NULL);
}

/* AFTER INSERT on respond.comment, for each statement, with its transition table. */
Datum
respond_comment_record(PG_FUNCTION_ARGS)
{
	return record_about(fcinfo, &comments);
}

/* The same on respond.rating. */
Datum
respond_rating_record(PG_FUNCTION_ARGS)
{
	return record_about(fcinfo, &ratings);
}
