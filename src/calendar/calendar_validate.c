/*-------------------------------------------------------------------------
 * calendar_validate.c
 *	  What triggers check and keep on calendars and their exceptions.
 *
 * An exception refers to its calendar, as a foreign key would, and each change
 * of exceptions makes a new revision of the calendar's row.  So two transactions
 * that change one calendar wait for each other, and the one that commits last
 * checks what both leave; and one row tells whether anything has changed.
 *
 * src/calendar/calendar_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "calendar/calendar_cache.h"
#include "calendar/calendar_row.h"
#include "common/arena_server.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "common/zone_read.h"

/* In which a calendar must open. */
#define DAYS_TO_OPEN	731

PG_FUNCTION_INFO_V1(respond_calendar_validate);
PG_FUNCTION_INFO_V1(respond_calendar_opens);
PG_FUNCTION_INFO_V1(respond_is_restricted);
PG_FUNCTION_INFO_V1(respond_calendar_exception_validate);
PG_FUNCTION_INFO_V1(respond_calendar_exception_forget);
PG_FUNCTION_INFO_V1(respond_calendar_exceptions_changed);
PG_FUNCTION_INFO_V1(respond_calendar_exceptions_follow);

static KeptPlan lock_calendar = {
	"SELECT FROM respond.calendar AS c WHERE c.name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF c", 1, {TEXTOID}
};
/* the trigger counts */
static KeptPlan touch_calendar = {
	"UPDATE respond.calendar AS c SET revision = c.revision WHERE $1 IS NULL OR c.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
static KeptPlan remove_exceptions = {
	"DELETE FROM respond.calendar_exception AS e WHERE $1 IS NULL OR e.calendar OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
static KeptPlan rename_exceptions = {
	"UPDATE respond.calendar_exception AS e SET calendar = $2 WHERE e.calendar OPERATOR(pg_catalog.=) $1",
	2, {TEXTOID, TEXTOID}
};

/* Whether exceptions are changed because their calendar is, which is checked itself. */
static bool following = false;

static void
refuse(const char *place, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", place, fault),
			 errhint("%s", hint)));
}

/* Takes memory that is freed at once. */
static void
check_hours(Jsonb *hours, bool week)
{
	MemoryContext context;
	Arena	   *arena;
	WeekHours	of_week;
	DayHours	of_day;

	if (hours == NULL)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond hours check", ALLOCSET_SMALL_SIZES);
	arena = respond_arena_create_in(context);
	if (week)
		respond_calendar_read_week(arena, hours, &of_week);
	else
		respond_calendar_read_day(arena, hours, &of_day);
	MemoryContextDelete(context);
}

static void
check_name(const char *name)
{
	if (name == NULL)
		return;
	if (name[0] == '\0')
		refuse("name", "it is empty", "Give the calendar a name.");
	if (strlen(name) > CALENDAR_LONGEST_NAME)
		refuse("name", psprintf("it is longer than %d bytes", CALENDAR_LONGEST_NAME), "Give a shorter name.");
}

/* calendar_validate(): BEFORE INSERT OR UPDATE ON respond.calendar FOR EACH ROW */
Datum
respond_calendar_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_validate", "BEFORE", "ROW", "calendar");
	bool		updates = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = updates ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		values[CALENDAR_COLUMNS];
	bool		nulls[CALENDAR_COLUMNS];
	Datum		old_values[CALENDAR_COLUMNS];
	bool		old_nulls[CALENDAR_COLUMNS];
	char	   *timezone;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_calendar, desc, tuple, values, nulls);
	check_name(respond_row_text(values, nulls, CALENDAR_NAME));
	timezone = respond_row_text(values, nulls, CALENDAR_TIMEZONE);
	if (timezone != NULL)
		(void) respond_zone_read("timezone", timezone);
	check_hours(respond_row_jsonb(values, nulls, CALENDAR_HOURS), true);
	if (updates)
		respond_shape_deform(&respond_shape_calendar, desc, trigger->tg_trigtuple, old_values, old_nulls);
	values[CALENDAR_REVISION] = Int64GetDatum(updates ? DatumGetInt64(old_values[CALENDAR_REVISION]) + 1 : 1);
	nulls[CALENDAR_REVISION] = false;
	return PointerGetDatum(respond_shape_modify(&respond_shape_calendar, desc, tuple, values, nulls));
}

static char *
name_in(TupleTableSlot *slot, TupleDesc desc, const Shape *shape, int column)
{
	bool		is_null;
	Datum		value = slot_getattr(slot, respond_shape_place(shape, desc, column) + 1, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

static void
require_opening(const char *name)
{
	TimestampTz now = respond_clock_now();
	Calendar   *calendar;
	int64		next;

	/* what others have committed meanwhile counts as well, whatever the isolation level */
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	/* it may be gone, or have another name by now */
	calendar = respond_calendar_find(name);
	if (calendar != NULL && !respond_calendar_is_open(calendar, now) &&
		(!respond_calendar_next_open(calendar, now, &next) || next > now + DAYS_TO_OPEN * USECS_PER_DAY))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("calendar \"%s\" would not be open for a second in the next two years", name),
				 errhint("Give it hours in respond.calendar, or remove rows of respond.calendar_exception"
						 " that close it.")));
	PopActiveSnapshot();
}

/*
 * calendar_opens(): AFTER, for each row, on respond.calendar and
 * respond.calendar_exception; as a constraint trigger at the end of the
 * transaction.  In security-restricted operations, where nothing may be put off,
 * calendars are checked at once, and exceptions by what counts revisions.
 */
Datum
respond_calendar_opens(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_opens", "AFTER", "ROW", NULL);
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		of_exception = strcmp(RelationGetRelationName(trigger->tg_relation), "calendar_exception") == 0;
	const Shape *shape = of_exception ? &respond_shape_calendar_exception : &respond_shape_calendar;
	int			column = of_exception ? EXCEPTION_CALENDAR : CALENDAR_NAME;
	char	   *before;
	char	   *after;

	(void) respond_trigger_call(fcinfo, "calendar_opens", "AFTER", "ROW",
								of_exception ? "calendar_exception" : "calendar");
	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);
	before = name_in(trigger->tg_trigslot, desc, shape, column);
	require_opening(before);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		after = name_in(trigger->tg_newslot, desc, shape, column);
		if (strcmp(before, after) != 0)
			require_opening(after);
	}
	PG_RETURN_POINTER(NULL);
}

/*
 * respond_internal.is_restricted() returns boolean
 *
 * Whether SQL runs in a security-restricted operation, as that of rules does,
 * where the server allows nothing to be put off to the end of the transaction.
 */
Datum
respond_is_restricted(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(InSecurityRestrictedOperation());
}

static void
require_calendar(const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_as_owner(&lock_calendar, &value, NULL) > 0;
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("calendar \"%s\" does not exist", name),
				 errdetail("An exception refers to it."),
				 errhint("Create it with INSERT INTO respond.calendar (name, timezone, hours) VALUES (%s, ...).",
						 quote_literal_cstr(name))));
}

static void
check_dates(DateADT from, DateADT to, bool yearly)
{
	if (DATE_NOT_FINITE(from))
		refuse("from_date", "it is infinite", "Write the first day of the exception.");
	if (DATE_NOT_FINITE(to))
		refuse("to_date", "it is infinite", "Write the last day of the exception.");
	if (to < from)
		refuse("to_date", "it is before from_date",
			   "It is the last day of the exception; leave it out for a single day.");
	if (yearly && (int64) to - from >= CALENDAR_LONGEST_YEARLY)
		refuse("to_date", "a range that comes again each year is longer than a year",
			   "Change the hours of the calendar itself.");
}

/* calendar_exception_validate(): BEFORE INSERT OR UPDATE ON respond.calendar_exception FOR EACH ROW */
Datum
respond_calendar_exception_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_exception_validate", "BEFORE", "ROW",
												"calendar_exception");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		values[EXCEPTION_COLUMNS];
	bool		nulls[EXCEPTION_COLUMNS];
	char	   *calendar;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_calendar_exception, desc, tuple, values, nulls);
	calendar = respond_row_text(values, nulls, EXCEPTION_CALENDAR);
	/* the rest is left to NOT NULL */
	if (calendar == NULL || nulls[EXCEPTION_FROM_DATE])
		return PointerGetDatum(tuple);
	require_calendar(calendar);
	if (nulls[EXCEPTION_TO_DATE])
	{
		values[EXCEPTION_TO_DATE] = values[EXCEPTION_FROM_DATE];
		nulls[EXCEPTION_TO_DATE] = false;
	}
	check_dates(DatumGetDateADT(values[EXCEPTION_FROM_DATE]), DatumGetDateADT(values[EXCEPTION_TO_DATE]),
				!nulls[EXCEPTION_YEARLY] && DatumGetBool(values[EXCEPTION_YEARLY]));
	check_hours(respond_row_jsonb(values, nulls, EXCEPTION_HOURS), false);
	return PointerGetDatum(respond_shape_modify(&respond_shape_calendar_exception, desc, tuple, values, nulls));
}

/*
 * calendar_exception_forget(): AFTER INSERT OR UPDATE OR DELETE ON
 * respond.calendar_exception FOR EACH ROW
 *
 * The calendar gets its new revision at the end of the statement; a constraint
 * that was made immediate is checked before that.
 */
Datum
respond_calendar_exception_forget(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_exception_forget", "AFTER", "ROW",
												"calendar_exception");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	const Shape *shape = &respond_shape_calendar_exception;

	respond_calendar_forget(name_in(trigger->tg_trigslot, desc, shape, EXCEPTION_CALENDAR));
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		respond_calendar_forget(name_in(trigger->tg_newslot, desc, shape, EXCEPTION_CALENDAR));
	PG_RETURN_POINTER(NULL);
}

static bool
has_name(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* Adds the calendars of the rows that a statement left or found. */
static List *
add_names(List *names, Tuplestorestate *rows, TupleDesc desc)
{
	TupleTableSlot *slot;

	if (rows == NULL)
		return names;
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		char	   *name = name_in(slot, desc, &respond_shape_calendar_exception, EXCEPTION_CALENDAR);

		if (name != NULL && !has_name(names, name))
			names = lappend(names, name);
	}
	ExecDropSingleTupleTableSlot(slot);
	return names;
}

/*
 * calendar_exceptions_changed(): AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON
 * respond.calendar_exception FOR EACH STATEMENT, with the rows before and after
 */
Datum
respond_calendar_exceptions_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_exceptions_changed", "AFTER", "STATEMENT",
												"calendar_exception");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	List	   *names = NIL;
	ListCell   *cell;
	Datum		value = 0;

	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);
	names = add_names(names, trigger->tg_oldtable, desc);
	names = add_names(names, trigger->tg_newtable, desc);
	SPI_connect();
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		respond_kept_plan_run_newest(&touch_calendar, &value, "n");
	foreach(cell, names)
	{
		value = CStringGetTextDatum(lfirst(cell));
		respond_kept_plan_run_newest(&touch_calendar, &value, NULL);
	}
	SPI_finish();
	if (InSecurityRestrictedOperation() && !following)
		foreach(cell, names)
			require_opening(lfirst(cell));
	PG_RETURN_POINTER(NULL);
}

/* The exceptions of a calendar, or all, go or get its new name. */
static void
follow(const char *name, const char *new_name)
{
	KeptPlan   *plan = new_name == NULL ? &remove_exceptions : &rename_exceptions;
	Datum		names[2] = {0};

	if (name != NULL)
		names[0] = CStringGetTextDatum(name);
	if (new_name != NULL)
		names[1] = CStringGetTextDatum(new_name);
	following = true;
	PG_TRY();
	{
		SPI_connect();
		respond_kept_plan_run_newest(plan, names, name == NULL ? "n" : NULL);
		SPI_finish();
	}
	PG_FINALLY();
	{
		following = false;
	}
	PG_END_TRY();
}

/*
 * calendar_exceptions_follow(): AFTER DELETE OR UPDATE OF name for each row, or
 * TRUNCATE for each statement, on respond.calendar: exceptions go, and change
 * the name of their calendar, along.
 */
Datum
respond_calendar_exceptions_follow(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "calendar_exceptions_follow", "AFTER", NULL, "calendar");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	char	   *name = NULL;
	char	   *new_name = NULL;

	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		name = name_in(trigger->tg_trigslot, desc, &respond_shape_calendar, CALENDAR_NAME);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		new_name = name_in(trigger->tg_newslot, desc, &respond_shape_calendar, CALENDAR_NAME);
	if (new_name == NULL || strcmp(name, new_name) != 0)
		follow(name, new_name);
	PG_RETURN_POINTER(NULL);
}
