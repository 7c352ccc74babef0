/*-------------------------------------------------------------------------
 * by_hand.c
 *	  Rules run by hand: start(), resume_rule(), and replay() of a span of time.
 *
 * A rule acts with the rights of its owner, on events that its owner chose by
 * type, pattern and condition.  start() passes all of these by, and a replay
 * through one rule picks the rule, and resume_rule() turns on what was stopped:
 * all need the right to act as the owner, or the owner's leave (start_roles).
 * They are kept for that owner: a rule that has the name by the time of the
 * commit may be somebody else's.  These functions are C because a function
 * with SECURITY DEFINER does not know who called it.
 *
 * src/dispatcher/by_hand.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/jsonb_push.h"
#include "common/kept_plan.h"
#include "common/standby.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/start_key.h"
#include "effect/run_write.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/event_size.h"
#include "event/event_write.h"
#include "flow/flow_chain.h"
#include "owner/owner_guard.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "rule/rule_set.h"

PG_FUNCTION_INFO_V1(respond_start);
PG_FUNCTION_INFO_V1(respond_replay_span);
PG_FUNCTION_INFO_V1(respond_resume_rule);

static KeptPlan start_plan = {
	"INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, forced, rule_owner, run_id, place)"
	" VALUES ($1, pg_catalog.now(), $2, true, $3, $4, $5)",
	5, {INT8OID, TEXTOID, OIDOID, INT8OID, JSONBOID}
};
static KeptPlan span_plan = {
	"SELECT e.id, e.recorded_at FROM respond.event AS e"
	" WHERE e.recorded_at OPERATOR(pg_catalog.>=) $1 AND e.recorded_at OPERATOR(pg_catalog.<) $2"
	" ORDER BY e.recorded_at, e.id",
	2, {TIMESTAMPTZOID, TIMESTAMPTZOID}
};
static KeptPlan replay_plan = {
	"INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, replay, rule_owner)"
	" SELECT e.id, e.recorded_at, $3, true, $4"
	" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS e (id, recorded_at, place)"
	" ORDER BY e.place",
	4, {INT8ARRAYOID, 1185 /* timestamptz[] */ , TEXTOID, OIDOID}
};
static KeptPlan resume_plan = {
	"SELECT respond_internal.resume_rule($1, $2, $3)", 3, {TEXTOID, OIDOID, BOOLOID}
};
static KeptPlan acknowledge_plan = {
	"SELECT respond_internal.mark_acknowledged('event', d.event_id)"
	" FROM (SELECT DISTINCT e.event_id FROM respond_internal.dead_event AS e"
	" WHERE e.event_id OPERATOR(pg_catalog.=) ANY ($1) AND (e.rule IS NULL OR $2 IS NULL OR e.rule"
	" OPERATOR(pg_catalog.=) $2)) AS d",
	2, {INT8ARRAYOID, TEXTOID}
};

/* Events of a span of time. */
typedef struct Span
{
	Datum	   *ids;
	Datum	   *times;
	int			count;
} Span;

/* Finds the rule of this name, for somebody who may make it act now, and returns its owner; raises an error else. */
static Oid
require_rule(const char *name, const char *what)
{
	RuleRow		row;
	Oid			owner;

	if (!respond_rule_find(name, &row))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule \"%s\" does not exist", name)));
	owner = respond_rule_owner(&row);
	if (!respond_rule_acts_as(GetUserId(), owner) && !respond_rule_has_leave(GetUserId(), &row))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to %s rule \"%s\"", what, name),
				 errdetail("It acts with the rights of its owner, role \"%s\".", row.owner),
				 errhint("The owner can allow a role to do that: UPDATE respond.rule SET start_roles = ARRAY['...']"
						 " WHERE name = ...")));
	if (!row.enabled)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rule \"%s\" is disabled", name),
				 errhint("Enable it first: UPDATE respond.rule SET enabled = true WHERE name = ...")));
	return owner;
}

/* A replayed event has the depth it had, so nothing would end the loop. */
static void
refuse_inside_rule(const char *function)
{
	if (respond_event_context()->rule != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by the SQL of a rule", function),
				 errhint("Record a new event with respond.emit() instead.")));
}

static void
queue_start(int64 event, const char *rule, Oid owner, int64 run)
{
	Datum		values[5] = {
		Int64GetDatum(event), CStringGetTextDatum(rule), ObjectIdGetDatum(owner), Int64GetDatum(run),
		JsonbPGetDatum(respond_place_of_new(event))
	};

	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&start_plan, values, NULL);
	SPI_finish();
}

static void
audit_start(const char *rule, int64 run, int64 event)
{
	JsonbParseState *state = NULL;
	AuditRow	row = {.action = "rule.started",.object_type = "rule",.object_id = rule};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", run);
	respond_jsonb_push_int64(&state, "event_id", event);
	row.new = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_audit_write(&row, 1);
}

static void
refuse_null_rule(bool is_null)
{
	if (is_null)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule \"%s\" does not exist", "<NULL>")));
}

/* The text of an argument; NULL when it is not given. */
static char *
text_argument(FunctionCallInfo fcinfo, int number)
{
	return PG_NARGS() <= number || PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/* Takes the key that was given; 0, or the run that has it and is to be returned. */
static int64
take_key(FunctionCallInfo fcinfo, const char *rule, int64 run)
{
	char	   *key = text_argument(fcinfo, 3);
	char	   *on_conflict = text_argument(fcinfo, 4);
	StartConflict conflict = respond_start_conflict(on_conflict != NULL ? on_conflict : "return");

	if (key == NULL)
		return 0;
	respond_start_key_check(key);
	return respond_start_key_take(rule, key, run, conflict);
}

/* Such an event would be a dead letter, and the run that was promised would never be. */
static void
check_size(const Jsonb *data)
{
	if (data != NULL && !respond_event_data_fits(data))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("data: larger than pg_respond.max_event_size (%d kB), as it is stored or as JSON text",
						respond_max_event_size)));
}

/* start(rule, data, subject, key, on_conflict) → number that the run will have */
Datum
respond_start(PG_FUNCTION_ARGS)
{
	NewEvent	event = {.type = "rule.start"};
	char	   *rule;
	Oid			owner;
	int64		run;
	int64		other;

	respond_standby_refuse("start()");
	PreventCommandIfReadOnly("start()");
	PreventCommandIfParallelMode("start()");
	refuse_null_rule(PG_ARGISNULL(0));
	rule = text_to_cstring(PG_GETARG_TEXT_PP(0));
	owner = require_rule(rule, "start");
	run = respond_effects_run_id();
	other = take_key(fcinfo, rule, run);
	if (other != 0)
		PG_RETURN_INT64(other);
	event.data = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	check_size(event.data);
	event.subject = text_argument(fcinfo, 2);
	respond_event_write_set_cause(&event);
	respond_event_write(&event, 1);
	respond_event_context_check_fan_out();
	queue_start(event.id, rule, owner, run);
	audit_start(rule, run, event.id);
	PG_RETURN_INT64(run);
}

static Span
find_events(TimestampTz from, TimestampTz to)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[2] = {TimestampTzGetDatum(from), TimestampTzGetDatum(to)};
	Span		span;
	bool		is_null;

	SPI_connect();
	span.count = respond_kept_plan_run_as_owner(&span_plan, values, NULL);
	span.ids = MemoryContextAllocHuge(caller, Max(1, span.count) * sizeof(Datum));
	span.times = MemoryContextAllocHuge(caller, Max(1, span.count) * sizeof(Datum));
	for (int i = 0; i < span.count; i++)
	{
		span.ids[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
		span.times[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &is_null);
	}
	SPI_finish();
	return span;
}

/*
 * Whether the rule's condition lets the event through, asked as simulate() asks
 * it.  One that raises an error will make a run that fails, which counts.
 */
static bool
condition_holds(Rule *rule, const Event *event)
{
	MemoryContext context = CurrentMemoryContext;
	EventContext event_context = {rule->name, 0, event->id, event->depth};
	EventContext before = respond_event_context_set(event_context);
	bool		undo = respond_owner_set_undo(true);
	volatile bool holds = true;

	PG_TRY();
	{
		holds = respond_rule_condition(rule, event);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		respond_event_context_set(before);
		respond_owner_set_undo(undo);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED || error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
	}
	PG_END_TRY();
	respond_event_context_set(before);
	respond_owner_set_undo(undo);
	return holds;
}

static bool
will_run(RuleSet *set, const char *name, const Event *event)
{
	RuleMatch	match;

	if (event == NULL || event->data == NULL || event->data_size > (int64) respond_max_event_size * 1024 ||
		event->depth > respond_max_depth)
		return false;
	respond_rule_set_match(set, event, &match);
	for (int i = 0; i < match.rule_count; i++)
		if (strcmp(match.rules[i]->name, name) == 0)
			return match.rules[i]->broken != NULL || condition_holds(match.rules[i], event);
	return false;
}

/* Leaves those of the events that the rule acts on. */
static void
keep_events_of(Span *span, const char *rule)
{
	RuleSet    *set = respond_rule_set_current();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond replay", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	int			kept = 0;

	PG_TRY();
	{
		for (int i = 0; i < span->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (will_run(set, rule, respond_reader_fetch_id(DatumGetInt64(span->ids[i]))))
			{
				span->ids[kept] = span->ids[i];
				span->times[kept++] = span->times[i];
			}
			MemoryContextReset(scratch);
		}
		respond_reader_release();
	}
	PG_CATCH();
	{
		respond_reader_forget();
		PG_RE_THROW();
	}
	PG_END_TRY();
	span->count = kept;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

static void
queue_replay(const Span *span, const char *rule, Oid owner)
{
	Datum		values[4];
	Datum		acknowledged[2];
	char		nulls[] = "    ";

	values[0] = PointerGetDatum(construct_array(span->ids, span->count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
												TYPALIGN_DOUBLE));
	values[1] = PointerGetDatum(construct_array(span->times, span->count, TIMESTAMPTZOID, sizeof(int64),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[2] = rule != NULL ? CStringGetTextDatum(rule) : (Datum) 0;
	values[3] = ObjectIdGetDatum(owner);
	nulls[2] = nulls[3] = rule != NULL ? ' ' : 'n';
	acknowledged[0] = values[0];
	acknowledged[1] = values[2];
	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&replay_plan, values, nulls);
	(void) respond_kept_plan_run_as_owner(&acknowledge_plan, acknowledged, rule != NULL ? "  " : " n");
	SPI_finish();
}

static void
audit_replay(const char *rule, Datum from, Datum to, int64 count)
{
	JsonbParseState *state = NULL;
	AuditRow	row = {.action = "event.replayed",.object_type = "rule",.object_id = rule};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "from_time", timestamptz_to_str(DatumGetTimestampTz(from)));
	respond_jsonb_push_text(&state, "to_time", timestamptz_to_str(DatumGetTimestampTz(to)));
	respond_jsonb_push_int64(&state, "events", count);
	row.new = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_audit_write(&row, 1);
}

/* replay(from_time, to_time, rule) → number of events that will be played again */
Datum
respond_replay_span(PG_FUNCTION_ARGS)
{
	char	   *rule = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	Oid			owner = InvalidOid;
	Span		span;

	respond_standby_refuse("replay()");
	PreventCommandIfReadOnly("replay()");
	PreventCommandIfParallelMode("replay()");
	refuse_inside_rule("replay()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("replay() needs a start time and an end time"),
				 errhint("Use '-infinity' and 'infinity' for no limit.")));
	if (rule != NULL)
		owner = require_rule(rule, "replay events through");
	span = find_events(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1));
	if (rule != NULL)
		keep_events_of(&span, rule);
	if (span.count > 0)
	{
		queue_replay(&span, rule, owner);
		(void) respond_event_defaults_xid();
		audit_replay(rule, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), span.count);
	}
	PG_RETURN_INT64(span.count);
}

/* resume_rule(rule, replay) → number of events that were given up for it and will be played again */
Datum
respond_resume_rule(PG_FUNCTION_ARGS)
{
	char	   *rule = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum		values[3] = {PG_GETARG_DATUM(0), 0, PG_GETARG_DATUM(1)};
	int64		events;
	bool		is_null;

	respond_standby_refuse("resume_rule()");
	PreventCommandIfReadOnly("resume_rule()");
	PreventCommandIfParallelMode("resume_rule()");
	refuse_inside_rule("resume_rule()");
	values[1] = ObjectIdGetDatum(require_rule(rule, "resume"));
	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&resume_plan, values, NULL);
	events = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	if (is_null)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rule \"%s\" is not stopped", rule),
				 errhint("Check \"storms\" of respond.health() names the rules that are.")));
	PG_RETURN_INT64(events);
}
