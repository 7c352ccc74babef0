/*-------------------------------------------------------------------------
 * schedule_validate.c
 *	  Trigger that refuses schedules which could not fire, and keeps their times.
 *
 * Who may change what is as for rules: whoever makes a schedule, turns it on, or
 * changes what it does or when must be allowed to act as its owner.  Turning it
 * off and describing it needs no such right.
 *
 * next_at and last_at are ours.  A schedule that is turned on, or whose times
 * change, fires next at its next time from now: it catches nothing up.  While time
 * is behind, it is the next time from the latest that was seen.
 *
 * A dump that is being loaded is taken as it is.
 *
 * src/schedule/schedule_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "common/zone_read.h"
#include "event/event_check.h"
#include "event/name_check.h"
#include "owner/owner_guard.h"
#include "owner/owner_sql.h"
#include "rule/rule_owner.h"
#include "schedule/cron_server.h"
#include "schedule/schedule_row.h"
#include "schedule/schedule_validate.h"
#include "template/template_jsonb.h"
#include "timer/time_guard.h"

#define MOST_CATCH_UP	10000

PG_FUNCTION_INFO_V1(respond_schedule_validate);

/* Columns that say what it does and when. */
static const int behaviour[] = {
	SCHEDULE_NAME, SCHEDULE_CRON, SCHEDULE_TIMEZONE, SCHEDULE_EVENT_TYPE, SCHEDULE_SUBJECT, SCHEDULE_DATA,
	SCHEDULE_QUERY, SCHEDULE_CATCH_UP, SCHEDULE_MAX_CATCH_UP
};

typedef struct SchedulePair
{
	TupleDesc	desc;
	int			places[SCHEDULE_COLUMNS];	/* of our columns in the table */
	Datum		old_values[SCHEDULE_COLUMNS];
	bool		old_nulls[SCHEDULE_COLUMNS];
	Datum		values[SCHEDULE_COLUMNS];
	bool		nulls[SCHEDULE_COLUMNS];
	ScheduleRow old_row;
	ScheduleRow row;
	bool		owner_changed;
	bool		owner_named;	/* the statement sets the column */
} SchedulePair;

static bool keeping = false;

bool
respond_schedule_set_keeping(bool new_keeping)
{
	bool		before = keeping;

	keeping = new_keeping;
	return before;
}

static bool
differs(const SchedulePair *pair, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(pair->desc, pair->places[column]);

	if (pair->old_nulls[column] || pair->nulls[column])
		return pair->old_nulls[column] != pair->nulls[column];
	return !datum_image_eq(pair->old_values[column], pair->values[column], attribute->attbyval, attribute->attlen);
}

static bool
behaves_differently(const SchedulePair *pair)
{
	for (int i = 0; i < lengthof(behaviour); i++)
		if (differs(pair, behaviour[i]))
			return true;
	return pair->owner_changed;
}

static bool
is_turned_on(const SchedulePair *pair)
{
	return pair->row.enabled && !pair->old_row.enabled;
}

static void
refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static void
require(const char *column, bool missing)
{
	if (missing)
		refuse(column, "it cannot be null", NULL);
}

static void
check_required(const SchedulePair *pair)
{
	const ScheduleRow *row = &pair->row;

	require("name", row->name == NULL);
	respond_name_check("schedule", row->name);
	require("cron", row->cron == NULL);
	require("timezone", row->timezone == NULL);
	require("event_type", row->event_type == NULL);
	require("data", row->data == NULL);
	require("catch_up", row->catch_up == NULL);
	require("max_catch_up", pair->nulls[SCHEDULE_MAX_CATCH_UP]);
	require("enabled", pair->nulls[SCHEDULE_ENABLED]);
	require("owner", row->owner.owner == NULL);
}

static void
check_event_type(const char *event_type)
{
	if (event_type[0] == '\0' || strchr(event_type, '*') != NULL || strstr(event_type, "{{") != NULL)
		refuse("event_type", "it is not the type of an event",
			   "Name the type of the events to record, without \"*\"; a template is for the subject only.");
	respond_name_check_event_type(event_type);
}

static void
check_subject(const char *subject)
{
	MemoryContext context;

	if (subject == NULL)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond subject check", ALLOCSET_SMALL_SIZES);
	(void) respond_template_compile_in(context, subject, strlen(subject), "subject");
	MemoryContextDelete(context);
}

static void
check_catch_up(const ScheduleRow *row)
{
	if (strcmp(row->catch_up, "once") != 0 && strcmp(row->catch_up, "all") != 0 && strcmp(row->catch_up, "none") != 0)
		refuse("catch_up", psprintf("there is no \"%s\"", row->catch_up),
			   "once: times that were missed fire once, as the last of them; all: each fires; none: none does.");
	if (row->max_catch_up < 1 || row->max_catch_up > MOST_CATCH_UP)
		refuse("max_catch_up", psprintf("%d is not between 1 and %d", row->max_catch_up, MOST_CATCH_UP), NULL);
}

static void
check_query(const ScheduleRow *row)
{
	MemoryContext context;

	if (row->query == NULL)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond query check", ALLOCSET_DEFAULT_SIZES);
	(void) respond_owner_sql_prepare(OWNER_SQL_QUERY, row->query, row->owner.owner_id, "query", NULL, context);
	MemoryContextDelete(context);
}

static void
check_contents(const ScheduleRow *row)
{
	Cron		cron;

	respond_cron_read("cron", row->cron, &cron);
	if (respond_cron_is_impossible(&cron))
		refuse("cron", "there is no such day", "No month that it names has the days that it names.");
	(void) respond_zone_read("timezone", row->timezone);
	check_event_type(row->event_type);
	check_subject(row->subject);
	if (!JB_ROOT_IS_OBJECT(row->data))
		refuse("data", "it must be an object", "Its members become members of the event's data.");
	check_catch_up(row);
	check_query(row);
}

static void
check_rights(const SchedulePair *pair)
{
	const ScheduleRow *row = &pair->row;

	if (respond_rule_acts_as(GetUserId(), row->owner.owner_id))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("owner: \"%s\" cannot make a schedule act as \"%s\"", GetUserNameFromId(GetUserId(), false),
					row->owner.owner),
			 errdetail("Others may turn a schedule off, and describe it."),
			 errhint("Become the owner yourself, have the role granted to you, or make the schedule your own: UPDATE"
					 " respond.schedule SET owner = current_user ...")));
}

static Oid
find_owner(const char *owner)
{
	Oid			role = respond_owner_find(owner);

	if (!OidIsValid(role))
		refuse("owner", psprintf("role \"%s\" does not exist", owner),
			   "The query of a schedule runs with the rights of its owner.");
	return role;
}

/* As for rules: the old owner keeps it unless the statement names another, or the role that now has that name. */
static void
settle_owner(SchedulePair *pair)
{
	RuleRow    *owner = &pair->row.owner;
	RuleRow    *old = &pair->old_row.owner;
	Oid			before = respond_rule_owner(old);
	Oid			after = before;

	if (strcmp(owner->owner, old->owner) != 0 || (pair->owner_named && !OidIsValid(before)))
		after = find_owner(owner->owner);
	pair->owner_changed = after != before;
	/* an owner that is gone stays on record as it was */
	owner->owner_id = old->owner_id;
	owner->owner_system = old->owner_system;
	if (OidIsValid(after))
		respond_rule_owner_set(owner, after);
}

/*
 * It fires next at its next time from now, and what went wrong before does not count.
 * While time is behind, it may have fired already at times that are still to come, up
 * to the latest time that was seen.
 */
static void
begin_anew(ScheduleRow *row)
{
	TimestampTz now = respond_clock_now();
	TimestampTz seen = respond_time_guard_seen();
	Cron		cron;

	row->failures = row->tries = 0;
	row->next_at = DT_NOEND;
	if (!row->enabled)
		return;
	respond_cron_read("cron", row->cron, &cron);
	if (!respond_cron_next_time(&cron, respond_zone_read("timezone", row->timezone), Max(now, seen),
								&row->next_at))
		row->next_at = DT_NOEND;
}

/* The tuple with the columns that we keep. */
static HeapTuple
with_bookkeeping(const SchedulePair *pair, HeapTuple tuple)
{
	const ScheduleRow *row = &pair->row;
	int			columns[] = {
		SCHEDULE_NEXT_AT, SCHEDULE_LAST_AT, SCHEDULE_FAILURES, SCHEDULE_TRIES, SCHEDULE_CREATED_AT, SCHEDULE_UPDATED_AT,
		SCHEDULE_OWNER, SCHEDULE_OWNER_ID, SCHEDULE_OWNER_SYSTEM
	};
	NameData	owner;
	Datum		values[] = {
		TimestampTzGetDatum(row->next_at), TimestampTzGetDatum(row->last_at), Int32GetDatum(row->failures),
		Int32GetDatum(row->tries), TimestampTzGetDatum(row->created_at), TimestampTzGetDatum(row->updated_at),
		NameGetDatum(&owner), ObjectIdGetDatum(row->owner.owner_id), Int64GetDatum(row->owner.owner_system)
	};
	bool		nulls[] = {
		row->next_at == DT_NOEND, row->last_at == DT_NOBEGIN, false, false, false, false,
		false, !OidIsValid(row->owner.owner_id), row->owner.owner_system == 0
	};

	namestrcpy(&owner, row->owner.owner);
	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = pair->places[columns[i]] + 1;
	return heap_modify_tuple_by_cols(tuple, pair->desc, lengthof(columns), columns, values, nulls);
}

static HeapTuple
validate_new(SchedulePair *pair, HeapTuple tuple)
{
	ScheduleRow *row = &pair->row;

	check_required(pair);
	respond_rule_owner_set(&row->owner, find_owner(row->owner.owner));
	check_rights(pair);
	check_contents(row);
	row->last_at = DT_NOBEGIN;
	row->created_at = row->updated_at = respond_clock_now();
	begin_anew(row);
	return with_bookkeeping(pair, tuple);
}

/* What we keep is not people's to change. */
static void
take_bookkeeping(ScheduleRow *row, const ScheduleRow *old)
{
	row->next_at = old->next_at;
	row->last_at = old->last_at;
	row->failures = old->failures;
	row->tries = old->tries;
	row->created_at = old->created_at;
	row->updated_at = old->updated_at;
}

static HeapTuple
validate_changed(SchedulePair *pair, HeapTuple tuple)
{
	ScheduleRow *row = &pair->row;
	bool		moves = respond_rule_owner_change() == OWNER_CHANGE_MOVE;
	bool		acts;

	check_required(pair);
	settle_owner(pair);
	take_bookkeeping(row, &pair->old_row);
	acts = behaves_differently(pair) || is_turned_on(pair);
	if (acts && !moves)
	{
		if (!OidIsValid(respond_rule_owner(&row->owner)))
			refuse("owner", respond_rule_owner_fault(&row->owner) + strlen("owner: "),
				   "Give the schedule to a role: UPDATE respond.schedule SET owner = ...");
		check_rights(pair);
		check_contents(row);
	}
	if (acts || differs(pair, SCHEDULE_ENABLED) || differs(pair, SCHEDULE_DESCRIPTION))
		row->updated_at = respond_clock_now();
	if (differs(pair, SCHEDULE_ENABLED) || differs(pair, SCHEDULE_CRON) || differs(pair, SCHEDULE_TIMEZONE))
		begin_anew(row);
	return with_bookkeeping(pair, tuple);
}

static HeapTuple
refresh_owner(SchedulePair *pair, HeapTuple tuple)
{
	if (pair->row.owner.owner == NULL)
		return tuple;
	respond_rule_roles_refresh(&pair->row.owner);
	return with_bookkeeping(pair, tuple);
}

/* schedule_validate(): BEFORE INSERT OR UPDATE ON respond.schedule FOR EACH ROW */
Datum
respond_schedule_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "schedule_validate", "BEFORE", "ROW", "schedule");
	bool		updates = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = updates ? trigger->tg_newtuple : trigger->tg_trigtuple;
	SchedulePair pair = {.desc = RelationGetDescr(trigger->tg_relation)};

	if (keeping || respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_find(&respond_shape_schedule, pair.desc, pair.places);
	respond_shape_deform(&respond_shape_schedule, pair.desc, tuple, pair.values, pair.nulls);
	respond_schedule_row_read(&pair.row, pair.values, pair.nulls);
	if (respond_rule_owner_change() == OWNER_CHANGE_REFRESH)
		return PointerGetDatum(refresh_owner(&pair, tuple));
	if (!updates)
		return PointerGetDatum(validate_new(&pair, tuple));
	respond_shape_deform(&respond_shape_schedule, pair.desc, trigger->tg_trigtuple, pair.old_values, pair.old_nulls);
	respond_schedule_row_read(&pair.old_row, pair.old_values, pair.old_nulls);
	pair.owner_named = bms_is_member(pair.places[SCHEDULE_OWNER] + 1 - FirstLowInvalidHeapAttributeNumber,
									 trigger->tg_updatedcols);
	return PointerGetDatum(validate_changed(&pair, tuple));
}
