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
 * The change is the user's, and nothing that goes wrong here may undo it: see
 * capture_build.c for rows and capture_write.c for the log.
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

#include "common/contain.h"
#include "common/door.h"
#include "common/restore.h"
#include "event/capture_build.h"
#include "event/capture_fault.h"
#include "event/capture_write.h"

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
	respond_capture_write(group->capture, group->events, group->count);
	group->count = 0;
	group->bytes = 0;
	MemoryContextReset(group->context);
}

/* Adds one change to the group; for UPDATE only if it counts. */
static void
add_change(CaptureGroup *group, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	CaptureTrigger *capture = group->capture;
	CaptureChange change = {capture, group->operation, old_row, new_row};
	NewEvent	event = {0};
	MemoryContext before = MemoryContextSwitchTo(group->context);
	bool		wanted = true;

	if (group->operation == CAPTURE_UPDATE && old_row != NULL && new_row != NULL)
	{
		wanted = respond_capture_compare(capture, old_row, new_row, group->changed);
		change.changed = group->changed;
	}
	if (wanted)
	{
		event.type = capture->types[group->operation];
		respond_event_write_set_cause(&event);
		wanted = respond_capture_build(&change, &event);
	}
	MemoryContextSwitchTo(before);
	if (!wanted)
		return;

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

static void
capture_changes(CaptureTrigger *capture, TriggerData *trigger)
{
	bool		for_row = TRIGGER_FIRED_FOR_ROW(trigger->tg_event);
	CaptureGroup group = {0};
	Door		door;
	bool		pinned = capture->foreign || capture->by_settings;

	group.capture = capture;
	group.operation = operation_of(trigger->tg_event);
	if (capture->covered[group.operation])
		return;
	group.room = for_row ? 1 : GROUP_ROWS;
	group.events = palloc(group.room * sizeof(NewEvent));
	group.context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond capture",
										  ALLOCSET_DEFAULT_SIZES);
	group.changed = palloc(Max(capture->description->natts, 1) * sizeof(bool));
	if (pinned)
		respond_door_enter(&door, DOOR_AS_CALLER | DOOR_FORMATS);
	if (for_row)
		capture_row(&group, trigger);
	else
		capture_statement(&group, trigger);
	write_group(&group);
	if (pinned)
		respond_door_leave(&door);
	MemoryContextDelete(group.context);
}

/* What a trigger returns that leaves the change as it is. */
static Datum
leave_alone(TriggerData *trigger)
{
	if (TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return PointerGetDatum(trigger->tg_newtuple);
	return PointerGetDatum(trigger->tg_trigtuple);
}

/* A trigger that has to be made ready. */
typedef struct Finding
{
	TriggerData *trigger;
	CaptureTrigger *capture;
} Finding;

static void
find_trigger(void *argument)
{
	Finding    *finding = argument;

	finding->capture = respond_capture_trigger_find(finding->trigger->tg_trigger, finding->trigger->tg_relation);
}

/* What is known of the trigger; NULL when it cannot be made ready, so that nothing is recorded. */
static CaptureTrigger *
get_trigger(TriggerData *trigger)
{
	Finding		finding = {trigger, respond_capture_trigger_known(trigger->tg_trigger)};
	CaptureTrigger unknown = {0};
	ErrorData  *error;

	if (finding.capture != NULL)
		return finding.capture;
	error = respond_contain_try(find_trigger, &finding);
	if (error == NULL)
		return finding.capture;
	unknown.trigger = unknown.original = trigger->tg_trigger->tgoid;
	unknown.created_on = RelationGetRelid(trigger->tg_relation);
	unknown.relation_name = RelationGetRelationName(trigger->tg_relation);
	respond_capture_fault_error(&unknown, CAPTURE_FAULT_LOST, 1, error);
	return NULL;
}

/* capture(): AFTER trigger for each row or statement; its arguments are in capture_trigger.h. */
Datum
respond_capture(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	CaptureTrigger *capture;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "respond.capture"),
				 errhint("Use respond.watch() to make a table a producer.")));
	if (respond_restore_of_table(trigger->tg_relation->rd_rel->relowner))
		return leave_alone(trigger);

	capture = get_trigger(trigger);
	if (capture == NULL)
		return leave_alone(trigger);
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
	{
		respond_capture_fault(capture, CAPTURE_FAULT_ARGUMENT, 0,
							  psprintf("trigger \"%s\" must be an AFTER trigger: before the change is made it may still"
									   " be altered or refused, so nothing is recorded",
									   trigger->tg_trigger->tgname));
		return leave_alone(trigger);
	}

	/* An error leaves the count too high, and at most the memory of one trigger unused. */
	capture->users++;
	capture_changes(capture, trigger);
	capture->users--;
	return PointerGetDatum(NULL);
}
