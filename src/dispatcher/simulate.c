/*-------------------------------------------------------------------------
 * simulate.c
 *	  What each rule would do with an event, or did not do, and why.
 *
 * The same rule set, the same matcher and the same conditions as in the
 * dispatcher, but in the session that asks.  Whatever the SQL of conditions
 * does is undone after it.
 *
 * src/dispatcher/simulate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/guc.h"
#include "common/private_value.h"
#include "dispatcher/reader.h"
#include "event/event_check.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/event_size.h"
#include "flow/flow_start.h"
#include "owner/owner_guard.h"
#include "rule/rule_set.h"

PG_FUNCTION_INFO_V1(respond_simulate_rules);
PG_FUNCTION_INFO_V1(respond_explain_rules);

/* Longest text about a test that failed. */
#define EXPLANATION_ROOM	1024

typedef struct Verdict
{
	bool		matched;
	char	   *failed_test;	/* when not matched */
	Jsonb	   *steps;			/* when matched and asked for */
} Verdict;

/* One simulation: the rules, the event, where the rows go. */
typedef struct Simulation
{
	FunctionCallInfo call;
	RuleSet    *set;
	const Event *event;
	bool		with_steps;
} Simulation;

static void
judge_contents(const Simulation *simulation, Rule *rule, Verdict *verdict)
{
	FlowRun		run = {
		.rule = rule->name,
		.rule_version = rule->version,
		.owner = rule->owner,
		.event = simulation->event,
		.shadow = true
	};

	if (!respond_rule_condition(rule, simulation->event))
	{
		verdict->failed_test = "condition: it is not true";
		return;
	}
	if (simulation->with_steps)
		verdict->steps = respond_flow_simulate(rule->flow, &run);
	verdict->matched = true;
}

/* Of what may pass, only what the caller or the server wants; the rest is no more for the caller's eyes than others. */
static bool
ends_statement(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION || sqlerrcode == ERRCODE_OUT_OF_MEMORY;
}

/* The same; what a condition raises is its verdict. */
static void
judge_contained(const Simulation *simulation, Rule *rule, Verdict *verdict)
{
	MemoryContext context = CurrentMemoryContext;
	EventContext event_context = {rule->name, 0, simulation->event->id, simulation->event->depth};
	EventContext before = respond_event_context_set(event_context);
	bool		undo = respond_owner_set_undo(true);

	PG_TRY();
	{
		judge_contents(simulation, rule, verdict);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		respond_event_context_set(before);
		respond_owner_set_undo(undo);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode) && ends_statement(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		verdict->matched = false;
		verdict->failed_test = respond_private_is_visible(rule->owner) ? psprintf("condition: %s", error->message) :
			respond_error_shown("condition", error->sqlerrcode, 0);
	}
	PG_END_TRY();
	respond_event_context_set(before);
	respond_owner_set_undo(undo);
}

static void
judge(const Simulation *simulation, Rule *rule, Verdict *verdict)
{
	char		text[EXPLANATION_ROOM];

	memset(verdict, 0, sizeof(Verdict));
	if (!respond_rule_set_explain(simulation->set, simulation->event, rule, text, sizeof(text)))
		verdict->failed_test = pstrdup(text);
	else if (rule->broken != NULL)
		verdict->failed_test = pstrdup(rule->broken);
	else
		judge_contained(simulation, rule, verdict);
}

/* Why no rule at all may fire, or NULL. */
static char *
event_verdict(const Event *event)
{
	if (event->depth > respond_max_depth)
		return psprintf("the event's depth %d is greater than pg_respond.max_depth (%d)",
						event->depth, respond_max_depth);
	if (event->data == NULL)
		return respond_event_size_fault(event);
	return NULL;
}

/* Columns: rule, matched, failed_test, remark, steps. */
static void
add_row(const Simulation *simulation, const Rule *rule, const Verdict *verdict, const char *remark)
{
	ReturnSetInfo *result = (ReturnSetInfo *) simulation->call->resultinfo;
	Datum		values[5] = {0};
	bool		nulls[5] = {false};

	values[0] = CStringGetTextDatum(rule->name);
	values[1] = BoolGetDatum(verdict->matched);
	nulls[2] = verdict->failed_test == NULL;
	if (verdict->failed_test != NULL)
		values[2] = CStringGetTextDatum(verdict->failed_test);
	nulls[3] = remark == NULL;
	if (remark != NULL)
		values[3] = CStringGetTextDatum(remark);
	nulls[4] = verdict->steps == NULL;
	if (verdict->steps != NULL)
		values[4] = JsonbPGetDatum(verdict->steps);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
simulate_rules(Simulation *simulation)
{
	char	   *refused = event_verdict(simulation->event);
	RuleMatch	match = {0};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond simulation",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context;

	if (refused == NULL)
		respond_rule_set_match(simulation->set, simulation->event, &match);
	old_context = MemoryContextSwitchTo(scratch);
	for (int i = 0; i < respond_rule_set_count(simulation->set); i++)
	{
		Rule	   *rule = respond_rule_set_get(simulation->set, i);
		Verdict		verdict = {.failed_test = refused};
		const char *remark = NULL;

		CHECK_FOR_INTERRUPTS();
		if (refused == NULL)
			judge(simulation, rule, &verdict);
		if (verdict.matched && match.muted_by != NULL)
			remark = psprintf("muted: %s", match.muted_by);
		else if (verdict.matched && rule->shadow)
			remark = "shadow: recorded, nothing done";
		add_row(simulation, rule, &verdict, remark);
		if (refused == NULL)
			MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(scratch);
}

/*
 * SQL of a rule must not get here: the set that is in use would be loaded
 * anew under its feet.
 */
static RuleSet *
rules_for(const char *function)
{
	if (respond_event_context()->rule != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by the SQL of a rule", function)));
	return respond_rule_set_current();
}

static char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* The event that emit() with the same arguments would record. */
static void
make_event(FunctionCallInfo fcinfo, Event *event)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("type of an event cannot be null")));
	event->type = text_argument(fcinfo, 0);
	respond_event_check_type(event->type, strlen(event->type));
	if (!PG_ARGISNULL(1))
	{
		respond_event_check_data(PG_GETARG_DATUM(1));
		event->data = PG_GETARG_JSONB_P(1);
	}
	else
		event->data = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	event->data_size = VARSIZE(event->data);
	respond_event_limit_data(event);
	event->subject = text_argument(fcinfo, 2);
	if (event->subject != NULL)
		respond_event_check_subject(strlen(event->subject));
	event->source = text_argument(fcinfo, 3);
	if (event->source == NULL)
		event->source = text_to_cstring(respond_event_defaults_source());
	respond_event_check_source(event->source, strlen(event->source));
	event->key = text_argument(fcinfo, 4);
	if (event->key != NULL)
		respond_event_check_key(strlen(event->key));
	event->actor = respond_event_context_actor();
	event->recorded_at = respond_clock_transaction_start();
	event->time = PG_ARGISNULL(5) ? event->recorded_at : PG_GETARG_TIMESTAMPTZ(5);
}

/*
 * simulate_rules(type, data, subject, source, key, time) → one row for each
 * enabled rule.  The event has no id: 0 stands for it.
 */
Datum
respond_simulate_rules(PG_FUNCTION_ARGS)
{
	Event		event = {0};
	Simulation	simulation = {.call = fcinfo,.event = &event,.with_steps = true};

	simulation.set = rules_for("simulate()");
	make_event(fcinfo, &event);
	InitMaterializedSRF(fcinfo, 0);
	simulate_rules(&simulation);
	return (Datum) 0;
}

/* explain_rules(event_id) → the same for an event of the log, without steps. */
Datum
respond_explain_rules(PG_FUNCTION_ARGS)
{
	Simulation	simulation = {.call = fcinfo};

	simulation.set = rules_for("explain()");
	simulation.event = respond_reader_fetch_alone(PG_GETARG_INT64(0));
	InitMaterializedSRF(fcinfo, 0);
	simulate_rules(&simulation);
	return (Datum) 0;
}
