/*-------------------------------------------------------------------------
 * apply.c
 *	  Applying the rules to one event.
 *
 * src/dispatcher/apply.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "common/error_class.h"
#include "common/guc.h"
#include "common/errors.h"
#include "dispatcher/apply.h"
#include "dispatcher/contain_effects.h"
#include "dispatcher/dead_event.h"
#include "dispatcher/flow_lane.h"
#include "dispatcher/place.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/set_aside.h"
#include "dispatcher/storm.h"
#include "effect/effects.h"
#include "effect/run_name.h"
#include "event/event_context.h"
#include "event/event_size.h"
#include "flow/flow_start.h"

/*
 * Evaluates the rule's condition.  What it raises is a failure of this rule,
 * not of the event, unless it may be gone at the next try.
 */
static bool
condition_holds(Rule *rule, FlowRun *run, const Event *event)
{
	EventContext context = {rule->name, 0, event->id, event->depth};
	EventContext before = respond_event_context_set(context);
	MemoryContext caller = CurrentMemoryContext;
	volatile bool holds = false;

	PG_TRY();
	{
		holds = respond_rule_condition(rule, event);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		respond_event_context_set(before);
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		respond_flow_record_failure(run, psprintf("condition: %s", error->message), "condition", error->sqlerrcode);
		return false;
	}
	PG_END_TRY();
	respond_event_context_set(before);
	return holds;
}

static void
apply_rule(Rule *rule, Event *event, const char *muted)
{
	FlowRun		run = {
		.rule = rule->name,
		.rule_version = rule->version,
		.owner = rule->owner,
		.event = event,
		.shadow = rule->shadow,
		.replay = event->replay,
		.run_id = event->run_id
	};

	CHECK_FOR_INTERRUPTS();
	if (event->forced && event->run_id != 0)
		run.key = respond_run_name_of(event->run_id);
	respond_flow_lane_prepare(&run);
	if (event->begins_at != NULL)
		respond_place_go_back(event->begins_at);
	if (rule->broken != NULL)
	{
		/* that a rule has no owner is no secret of its owner */
		respond_flow_record_failure(&run, rule->broken, "rule",
									OidIsValid(rule->owner) ? ERRCODE_RESPOND_INVALID_RULE : 0);
		return;
	}
	if (!event->forced)
	{
		if (rule->condition_text != NULL && !condition_holds(rule, &run, event))
			return;
		if (muted != NULL)
		{
			respond_flow_record_suppressed(&run, psprintf("muted: %s", muted));
			return;
		}
	}
	respond_flow_start(rule->flow, &run);
}

/* Whatever an error report says, it says for which rule. */
static void
name_rule(void *argument)
{
	errcontext("rule \"%s\" of pg_respond", ((const Rule *) argument)->name);
}

/* A rule to be applied to an event. */
typedef struct Application
{
	Rule	   *rule;
	Event	   *event;
	const char *muted;
} Application;

static void
apply(void *argument)
{
	Application *application = argument;

	apply_rule(application->rule, application->event, application->muted);
}

/*
 * Applies the rule and writes its effects in a subtransaction.  After an error
 * that may pass the event is set aside for this rule, and the result is false.
 */
static bool
apply_contained(Rule *rule, Event *event, const char *muted)
{
	Application application = {rule, event, muted};
	ErrorData  *error = respond_contain_effects(apply, &application);

	if (error == NULL)
		return true;
	if (!respond_error_is_transient(error->sqlerrcode))
		ReThrowError(error);
	respond_aside_put(event, rule->name, error);
	return false;
}

/* One rule: unless it must wait, and within its share of the time. */
static void
handle_rule(Rule *rule, Event *event, const char *muted, bool contained)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = name_rule,.arg = rule};
	instr_time	start;
	instr_time	taken;
	int64		caused = respond_event_context_caused();
	bool		applied = true;

	if (respond_storm_stops(rule, event) || respond_aside_holds(event, rule->name))
		return;
	INSTR_TIME_SET_CURRENT(start);
	error_context_stack = &context;
	if (contained)
		applied = apply_contained(rule, event, muted);
	else
		apply_rule(rule, event, muted);
	respond_place_return();
	error_context_stack = context.previous;
	if (applied)
		respond_storm_count(rule, event, respond_event_context_caused() - caused);
	INSTR_TIME_SET_CURRENT(taken);
	INSTR_TIME_SUBTRACT(taken, start);
	respond_share_charge(respond_share_rule(rule->name), INSTR_TIME_GET_MILLISEC(taken), !applied);
}

/* Whether the event may not fire anything; then it is a dead letter. */
static bool
beyond_limits(const Event *event)
{
	if (event->depth > respond_max_depth)
	{
		respond_dead_event(event, event->only_rule, "depth",
						   psprintf("depth %d is greater than pg_respond.max_depth (%d); rules that cause each other's"
									" events loop",
									event->depth, respond_max_depth), 0);
		return true;
	}
	if (event->data == NULL)
	{
		respond_dead_event(event, event->only_rule, "size", respond_event_size_fault(event), 0);
		return true;
	}
	return false;
}

/* Whoever may run a rule by hand was allowed to by its owner; the name may be another's by now. */
static bool
is_meant(const Rule *rule, const Event *event)
{
	if (event->only_rule == NULL)
		return true;
	return strcmp(rule->name, event->only_rule) == 0 &&
		(!OidIsValid(event->only_owner) || event->only_owner == rule->owner);
}

/* Started by hand, or tried again, for one rule; NULL when that is not in force. */
static Rule *
find_only_rule(RuleSet *rules, Event *event)
{
	Rule	   *rule = respond_rule_set_find(rules, event->only_rule);

	if (rule != NULL && is_meant(rule, event))
		return rule;
	if (rule != NULL)
		respond_dead_event(event, event->only_rule, "rule",
						   "the rule has another owner than when it was to run by hand", 0);
	else if (event->aside != NULL)
		respond_aside_without_rule(event);
	else if (event->forced)
		respond_dead_event(event, event->only_rule, "rule",
						   "the rule is disabled or was dropped before it could start", 0);
	return NULL;
}

void
respond_apply_rules(RuleSet *rules, Event *event, bool contained)
{
	RuleMatch	match;

	if (beyond_limits(event))
		return;
	if (event->forced || (event->aside != NULL && event->only_rule != NULL))
	{
		Rule	   *rule = find_only_rule(rules, event);

		if (rule == NULL)
			return;
		if (event->forced)
		{
			handle_rule(rule, event, NULL, contained);
			return;
		}
	}
	else if (event->only_rule == NULL)
	{
		if (respond_aside_holds(event, ""))
			return;
		/* what the event starts shall not hear it */
		respond_flow_lane_hear(event, contained);
	}
	respond_rule_set_match(rules, event, &match);
	/* an event that was set aside for one rule was told of then */
	if (!event->replay && (event->aside == NULL || event->only_rule == NULL) && match.muted_by == NULL)
		respond_rule_match_notify(&match, event);
	for (int i = 0; i < match.rule_count; i++)
	{
		if (is_meant(match.rules[i], event))
			handle_rule(match.rules[i], event, match.muted_by, contained);
	}
}
