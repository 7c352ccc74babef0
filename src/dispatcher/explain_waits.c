/*-------------------------------------------------------------------------
 * explain_waits.c
 *	  What runs that wait, or waited, made of an event.
 *
 * Runs that wait are asked as the dispatcher asks them.  A wait that is over left a
 * row of respond_internal.wait_decision, with the hash of its key: the values of the event
 * lead to the rows whose key could be one of them, and the steps of their rules say
 * whether it is.  So an event that nobody asks about costs nothing, and an answer
 * costs the same however many rules there are.
 *
 * src/dispatcher/explain_waits.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "dispatcher/reader.h"
#include "event/event_context.h"
#include "flow/loop_code.h"
#include "flow/wait_code.h"
#include "rule/rule_version_cache.h"
#include "wait/wait_match.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

PG_FUNCTION_INFO_V1(respond_explain_waits);

/* Values of an event that are looked up, decisions that are looked at, rows that are given of each kind. */
#define MOST_KEYS			10000
#define MOST_DECISIONS		1000
#define MOST_ROWS			20

static KeptPlan read_heard = {
	"SELECT DISTINCT d.rule, d.step, d.run_id, d.outcome FROM respond.wait_decision AS d"
	" WHERE d.event_id OPERATOR(pg_catalog.=) $1"
	" AND (d.outcome OPERATOR(pg_catalog.=) 'event' OR d.outcome OPERATOR(pg_catalog.=) 'collected')"
	" ORDER BY d.run_id, d.step",
	1, {INT8OID}
};
static KeptPlan read_decided = {
	"SELECT d.rule, d.step, d.run_id, d.outcome, d.rule_version, d.event_id, d.key_hash,"
	" d.decided_at::pg_catalog.text"
	" FROM respond_internal.wait_decision AS d"
	" WHERE d.key_hash OPERATOR(pg_catalog.=) ANY ($1) AND d.key_hash IS NOT NULL"
	" AND d.since OPERATOR(pg_catalog.<=) $2"
	" AND NOT EXISTS (SELECT FROM respond_internal.wait_decision AS h WHERE h.event_id OPERATOR(pg_catalog.=) $3"
	" AND h.run_id OPERATOR(pg_catalog.=) d.run_id AND h.step OPERATOR(pg_catalog.=) d.step)"
	" ORDER BY d.decided_at DESC LIMIT $4",
	4, {INT8ARRAYOID, TIMESTAMPTZOID, INT8OID, INT8OID}
};
static KeptPlan is_handled = {
	"SELECT 1::pg_catalog.int8 FROM respond.event AS e WHERE e.id OPERATOR(pg_catalog.=) $1"
	" AND respond_internal.event_is_done(e.incarnation, e.xid, e.id, e.subject)",
	1, {INT8OID}
};

/* A wait that is over, and whose key is among the values of the event. */
typedef struct Decided
{
	char	   *rule;
	char	   *step;
	int64		run_id;
	char	   *outcome;
	int32		rule_version;
	int64		event_id;		/* 0: none */
	int64		key_hash;
	char	   *decided_at;
} Decided;

/* Columns: rule, heard, reason, run_id. */
static void
add_row(FunctionCallInfo call, const char *rule, bool heard, const char *reason, int64 run_id)
{
	ReturnSetInfo *result = (ReturnSetInfo *) call->resultinfo;
	Datum		values[4] = {0};
	bool		nulls[4] = {false};

	nulls[0] = rule == NULL;
	if (rule != NULL)
		values[0] = CStringGetTextDatum(rule);
	values[1] = BoolGetDatum(heard);
	values[2] = CStringGetTextDatum(reason);
	nulls[3] = run_id == 0;
	values[3] = Int64GetDatum(run_id);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static char *
column_text(HeapTuple row, int column)
{
	return SPI_getvalue(row, SPI_tuptable->tupdesc, column);
}

static int64
column_number(HeapTuple row, int column)
{
	char	   *text = column_text(row, column);

	return text == NULL ? 0 : pg_strtoint64(text);
}

static void
tell_heard(FunctionCallInfo call, const Event *event)
{
	Datum		values[1] = {Int64GetDatum(event->id)};

	SPI_connect();
	respond_kept_plan_run(&read_heard, values, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		collected = strcmp(column_text(row, 4), "collected") == 0;
		int64		run_id = column_number(row, 3);

		add_row(call, column_text(row, 1), true,
				psprintf("heard: run " INT64_FORMAT " %s it at step \"%s\"", run_id,
						 collected ? "collected" : "went on with", column_text(row, 2)), run_id);
	}
	SPI_finish();
}

static bool
is_done(const Event *event)
{
	Datum		values[1] = {Int64GetDatum(event->id)};
	bool		done;

	SPI_connect();
	done = respond_kept_plan_run_as_owner(&is_handled, values, NULL) > 0;
	SPI_finish();
	return done;
}

static const char *
reason_of(const Wait *wait, const Event *event, bool done)
{
	const char *step = wait->step;

	if (respond_wait_has_heard(wait, event->id))
		return psprintf("heard: run " INT64_FORMAT " %s step \"%s\"", wait->run_id,
						wait->early ? "keeps it for" : "collects it at", step);
	if (!done)
		return psprintf("waits: run " INT64_FORMAT " waits for it at step \"%s\"", wait->run_id, step);
	return psprintf("not heard: run " INT64_FORMAT " waits for such an event at step \"%s\", but only since %s",
					wait->run_id, step, timestamptz_to_str(wait->since));
}

/* Others than the owner of a rule may read the table without its keys. */
static bool
may_read_waits(void)
{
	Oid			table = respond_relation_oid("respond_internal", "wait");

	return pg_attribute_aclcheck(table, get_attnum(table, "step"), GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static void
tell_waiting(FunctionCallInfo call, const Event *event)
{
	WaitPatternSet *set = respond_wait_set_create();
	bool		done = is_done(event);
	int			count = 0;
	int64		last;
	List	   *waits;
	ListCell   *cell;

	respond_wait_patterns_read(set, GetActiveSnapshot());
	waits = respond_waits_hit_of(set, event, 0, MOST_ROWS, &last);
	foreach(cell, waits)
	{
		const Wait *wait = lfirst(cell);
		const char *reason = reason_of(wait, event, done);

		if (++count > MOST_ROWS)
			break;
		add_row(call, wait->rule, strncmp(reason, "heard", 5) == 0, reason, wait->run_id);
	}
	if (count > MOST_ROWS || last != PG_INT64_MAX)
		add_row(call, NULL, false, "more runs wait for such an event", 0);
	respond_wait_set_destroy(set);
}

static ArrayType *
keys_of(const Event *event)
{
	int			count;
	int64	   *hashes = respond_wait_key_candidates(event, MOST_KEYS, &count);
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		values[i] = Int64GetDatum(hashes[i]);
	return construct_array(values, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

static Decided *
read_row(HeapTuple row)
{
	Decided    *decided = palloc(sizeof(Decided));

	decided->rule = column_text(row, 1);
	decided->step = column_text(row, 2);
	decided->run_id = column_number(row, 3);
	decided->outcome = column_text(row, 4);
	decided->rule_version = (int32) column_number(row, 5);
	decided->event_id = column_number(row, 6);
	decided->key_hash = column_number(row, 7);
	decided->decided_at = column_text(row, 8);
	return decided;
}

static void
add_pattern(WaitPatternSet *set, const Decided *decided, const WaitAlternative *alternative, int number)
{
	WaitPattern pattern = {decided->rule, decided->rule_version, decided->step, number};

	pattern.event_type = alternative->event_type;
	pattern.pattern = alternative->pattern;
	pattern.event_key = alternative->event_key;
	respond_wait_set_add(set, respond_wait_pattern_id(&pattern), &pattern);
}

/* A rule that this library does not take any more, or whose owner is gone, says nothing. */
static const WaitCode *
find_code(const Decided *decided)
{
	const Rule *rule = respond_rule_version_get(decided->rule, decided->rule_version);
	const FlowStep *step = rule != NULL && rule->broken == NULL ?
		respond_flow_find_step(rule->flow, decided->step) : NULL;

	return step != NULL ? respond_wait_code(step) : NULL;
}

static bool
is_in_set(WaitPatternSet *set, const Decided *decided)
{
	for (int i = 0; i < respond_wait_set_count(set); i++)
	{
		const WaitPattern *known = &respond_wait_set_get(set, i)->pattern;

		if (known->rule_version == decided->rule_version && strcmp(known->rule, decided->rule) == 0 &&
			strcmp(known->step, decided->step) == 0)
			return true;
	}
	return false;
}

/* The patterns of the steps that were waited at. */
static WaitPatternSet *
patterns_of(const List *decisions)
{
	WaitPatternSet *set = respond_wait_set_create();
	ListCell   *cell;

	foreach(cell, decisions)
	{
		const Decided *decided = lfirst(cell);
		const WaitCode *code = is_in_set(set, decided) ? NULL : find_code(decided);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; code != NULL && i < code->count; i++)
			add_pattern(set, decided, &code->alternatives[i], i);
	}
	return set;
}

/* A pattern that the event meets, with the key that it gives. */
typedef struct MetPattern
{
	const WaitPattern *pattern;
	int64		key_hash;
} MetPattern;

static List *
met_patterns(WaitPatternSet *set, const Event *event)
{
	const int  *numbers;
	int			count = respond_wait_set_count(set) > 0 ? respond_wait_set_match(set, event, &numbers) : 0;
	List	   *met = NIL;

	for (int i = 0; i < count; i++)
	{
		const KnownPattern *known = respond_wait_set_get(set, numbers[i]);
		char	   *key = respond_wait_key_read(known->key, event);
		MetPattern *pattern;

		if (key == NULL)
			continue;
		pattern = palloc(sizeof(MetPattern));
		pattern->pattern = &known->pattern;
		pattern->key_hash = respond_wait_key_hash(key);
		met = lappend(met, pattern);
	}
	return met;
}

static bool
is_met(const Decided *decided, const List *met)
{
	ListCell   *cell;

	foreach(cell, met)
	{
		const MetPattern *pattern = lfirst(cell);

		if (pattern->key_hash == decided->key_hash && pattern->pattern->rule_version == decided->rule_version &&
			strcmp(pattern->pattern->rule, decided->rule) == 0 && strcmp(pattern->pattern->step, decided->step) == 0)
			return true;
	}
	return false;
}

static const char *
late_reason(const Decided *decided)
{
	const char *what;

	if (strcmp(decided->outcome, "event") == 0)
		what = psprintf("went on with event " INT64_FORMAT, decided->event_id);
	else if (strcmp(decided->outcome, "timeout") == 0)
		what = psprintf("timed out at %s", decided->decided_at);
	else if (strcmp(decided->outcome, "cancelled") == 0)
		what = psprintf("was cancelled at %s", decided->decided_at);
	else
		what = psprintf("went on by %s at %s", decided->outcome, decided->decided_at);
	return psprintf("late: run " INT64_FORMAT " %s (step \"%s\")", decided->run_id, what, decided->step);
}

/* A wait for several events has a row for each key. */
static bool
was_told(const List *told, const Decided *decided)
{
	ListCell   *cell;

	foreach(cell, told)
	{
		const Decided *other = lfirst(cell);

		if (other->run_id == decided->run_id && strcmp(other->step, decided->step) == 0)
			return true;
	}
	return false;
}

/* The hashes are for nobody else; tell_heard() has asked whether the caller may read the other columns. */
static List *
read_decisions(const Event *event)
{
	Datum		values[4] = {
		PointerGetDatum(keys_of(event)), TimestampTzGetDatum(event->recorded_at), Int64GetDatum(event->id),
		Int64GetDatum(MOST_DECISIONS)
	};
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	List	   *decisions = NIL;

	SPI_connect();
	respond_kept_plan_run_as_owner(&read_decided, values, NULL);
	spi = MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < SPI_processed; i++)
		decisions = lappend(decisions, read_row(SPI_tuptable->vals[i]));
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return decisions;
}

static void
tell_late(FunctionCallInfo call, const Event *event)
{
	List	   *decisions = read_decisions(event);
	WaitPatternSet *set = patterns_of(decisions);
	List	   *met = met_patterns(set, event);
	List	   *told = NIL;
	ListCell   *cell;

	foreach(cell, decisions)
	{
		Decided    *decided = lfirst(cell);

		if (!is_met(decided, met) || was_told(told, decided))
			continue;
		if (list_length(told) == MOST_ROWS)
		{
			add_row(call, NULL, false, "late: for more runs, too", 0);
			break;
		}
		add_row(call, decided->rule, false, late_reason(decided), decided->run_id);
		told = lappend(told, decided);
	}
	respond_wait_set_destroy(set);
}

/*
 * explain_waits(event_id) → one row for each wait that has to do with an event of
 * the log.  SQL of a rule must not get here: the rule that is in use would be
 * loaded anew under its feet.
 */
Datum
respond_explain_waits(PG_FUNCTION_ARGS)
{
	Event	   *event;

	if (respond_event_context()->rule != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by the SQL of a rule", "explain()")));
	event = respond_reader_fetch_alone(PG_GETARG_INT64(0));
	InitMaterializedSRF(fcinfo, 0);
	tell_heard(fcinfo, event);
	/* nobody hears of these */
	if (event->data == NULL || event->depth > respond_max_depth)
		return (Datum) 0;
	if (may_read_waits())
		tell_waiting(fcinfo, event);
	tell_late(fcinfo, event);
	return (Datum) 0;
}
