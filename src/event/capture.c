/*-------------------------------------------------------------------------
 * capture.c
 *	  respond.capture(): the trigger function that turns changes into events.
 *
 * As a statement trigger with transition tables it sees all rows of a statement
 * at once and writes their events in groups; OLD and NEW of an UPDATE are the
 * rows at the same place of the two tables, which the server fills together.
 * As a row trigger it writes one event per call.  Without transition tables a
 * statement trigger records one event without rows, as for TRUNCATE.
 *
 * It runs for whoever changes the table and asks for no right on the event log:
 * who may make a table a producer is asked when the trigger is created, by the
 * right to EXECUTE this function.
 *
 * src/event/capture.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "event/capture_data.h"
#include "event/capture_trigger.h"
#include "event/event_write.h"

PG_FUNCTION_INFO_V1(respond_capture);

/* Events are written when so many, or so many bytes of data, have come together. */
#define GROUP_ROWS		500
#define GROUP_BYTES		(1024 * 1024)

typedef struct CaptureGroup
{
	CaptureTrigger *capture;
	CaptureOperation operation;
	MemoryContext context;		/* of the events and their parts */
	bool	   *changed;
	NewEvent   *events;
	int			room;
	int			count;
	Size		bytes;
} CaptureGroup;

static void
write_group(CaptureGroup *group)
{
	respond_event_write(group->events, group->count);
	group->count = 0;
	group->bytes = 0;
	MemoryContextReset(group->context);
}

/* Adds one change to the group; for UPDATE only if it counts. */
static void
add_change(CaptureGroup *group, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	CaptureTrigger *capture = group->capture;
	const bool *changed = NULL;
	const char *type = capture->types[group->operation];
	NewEvent	event = {0};
	MemoryContext before = MemoryContextSwitchTo(group->context);

	if (group->operation == CAPTURE_UPDATE && old_row != NULL && new_row != NULL)
	{
		if (!respond_capture_compare(capture, old_row, new_row, group->changed))
		{
			MemoryContextSwitchTo(before);
			return;
		}
		changed = group->changed;
	}
	event.type = type;
	event.data = respond_capture_data(capture, group->operation, old_row, new_row, changed);
	if (old_row != NULL || new_row != NULL)
		event.subject = respond_capture_subject_make(capture->subject, old_row, new_row, type,
													 event.data);
	respond_event_write_set_cause(&event);
	MemoryContextSwitchTo(before);

	group->bytes += VARSIZE(event.data);
	group->events[group->count++] = event;
	if (group->count == group->room || group->bytes >= GROUP_BYTES)
		write_group(group);
}

/* The rows of a transition table from its start, whoever else reads it. */
static TupleTableSlot *
open_rows(Tuplestorestate *rows, TupleDesc description)
{
	if (rows == NULL)
		return NULL;
	tuplestore_select_read_pointer(rows, tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND));
	tuplestore_rescan(rows);
	return MakeSingleTupleTableSlot(description, &TTSOpsMinimalTuple);
}

static bool
next_row(Tuplestorestate *rows, TupleTableSlot *slot)
{
	return slot != NULL && tuplestore_gettupleslot(rows, true, false, slot);
}

static void
close_rows(TupleTableSlot *slot)
{
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
}

/*
 * Whether an UPDATE cannot have changed a column that the trigger is for, so
 * that there is no need to look at its rows: none was assigned to, and there
 * are no BEFORE triggers that could have.
 */
static bool
is_beside_the_point(const CaptureGroup *group, TriggerData *trigger)
{
	CaptureTrigger *capture = group->capture;

	if (group->operation != CAPTURE_UPDATE || capture->watched == NULL ||
		trigger->tg_updatedcols == NULL ||
		trigger->tg_relation->trigdesc->trig_update_before_row)
		return false;
	for (int i = 0; i < capture->description->natts; i++)
		if (capture->watched[i] &&
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, trigger->tg_updatedcols))
			return false;
	return true;
}

static void
capture_statement(CaptureGroup *group, TriggerData *trigger)
{
	TupleDesc	description = RelationGetDescr(trigger->tg_relation);
	TupleTableSlot *old_row;
	TupleTableSlot *new_row;

	if (trigger->tg_oldtable == NULL && trigger->tg_newtable == NULL)
	{
		add_change(group, NULL, NULL);
		return;
	}
	if (is_beside_the_point(group, trigger))
		return;

	old_row = open_rows(trigger->tg_oldtable, description);
	new_row = open_rows(trigger->tg_newtable, description);
	for (;;)
	{
		bool		has_old = next_row(trigger->tg_oldtable, old_row);
		bool		has_new = next_row(trigger->tg_newtable, new_row);

		if (!has_old && !has_new)
			break;
		CHECK_FOR_INTERRUPTS();
		add_change(group, has_old ? old_row : NULL, has_new ? new_row : NULL);
	}
	close_rows(old_row);
	close_rows(new_row);
}

static void
capture_row(CaptureGroup *group, TriggerData *trigger)
{
	if (group->operation == CAPTURE_INSERT)
		add_change(group, NULL, trigger->tg_trigslot);
	else if (group->operation == CAPTURE_DELETE)
		add_change(group, trigger->tg_trigslot, NULL);
	else
		add_change(group, trigger->tg_trigslot, trigger->tg_newslot);
}

static CaptureOperation
operation_of(TriggerEvent event)
{
	if (TRIGGER_FIRED_BY_INSERT(event))
		return CAPTURE_INSERT;
	if (TRIGGER_FIRED_BY_UPDATE(event))
		return CAPTURE_UPDATE;
	if (TRIGGER_FIRED_BY_DELETE(event))
		return CAPTURE_DELETE;
	return CAPTURE_TRUNCATE;
}

/* capture(): AFTER trigger for each row or statement; its arguments are in capture_trigger.h. */
Datum
respond_capture(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	CaptureGroup group = {0};
	bool		for_row;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "respond.capture"),
				 errhint("Use respond.watch() to make a table a producer.")));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" on table \"%s\" must be an AFTER trigger",
						trigger->tg_trigger->tgname, RelationGetRelationName(trigger->tg_relation)),
				 errdetail("Before the change is made it may still be altered or refused.")));

	for_row = TRIGGER_FIRED_FOR_ROW(trigger->tg_event);
	group.operation = operation_of(trigger->tg_event);
	group.room = for_row ? 1 : GROUP_ROWS;
	group.events = palloc(group.room * sizeof(NewEvent));
	group.context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond capture",
										  ALLOCSET_DEFAULT_SIZES);
	group.capture = respond_capture_trigger_find(trigger->tg_trigger, trigger->tg_relation);
	group.changed = palloc(Max(group.capture->description->natts, 1) * sizeof(bool));

	/* An error leaves the count too high, and at most the memory of one trigger unused. */
	group.capture->users++;
	if (for_row)
		capture_row(&group, trigger);
	else
		capture_statement(&group, trigger);
	write_group(&group);
	group.capture->users--;
	MemoryContextDelete(group.context);
	return PointerGetDatum(NULL);
}
