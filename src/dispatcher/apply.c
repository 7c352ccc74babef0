/*-------------------------------------------------------------------------
 * apply.c
 *	  Applying the rules to one event.
 *
 * src/dispatcher/apply.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/error_class.h"
#include "common/guc.h"
#include "common/errors.h"
#include "dispatcher/dispatcher.h"
#include "event/event_context.h"
#include "event/event_size.h"

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

/* Whether the event may not fire anything; then it is a dead letter. */
static bool
beyond_limits(const Event *event)
{
	if (event->depth > respond_max_depth)
	{
		respond_dead_event(event, event->only_rule, "depth",
						   psprintf("depth %d is greater than pg_respond.max_depth (%d); rules that cause each other's events loop",
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

void
respond_batch_apply(RuleSet *rules, Event *event)
{
	Rule	  **matched;
	const char *muted;
	int			count;

	if (beyond_limits(event))
		return;
	if (event->forced)
	{
		Rule	   *rule = respond_rule_set_find(rules, event->only_rule);

		if (rule == NULL)
			respond_dead_event(event, event->only_rule, "rule",
							   "the rule is disabled or was dropped before it could start", 0);
		else
			apply_rule(rule, event, NULL);
		return;
	}
	muted = respond_rule_set_muted(rules, event);
	if (!event->replay && muted == NULL)
		respond_rule_set_notify(rules, event);
	count = respond_rule_set_match(rules, event, &matched);
	for (int i = 0; i < count; i++)
	{
		if (event->only_rule == NULL || strcmp(matched[i]->name, event->only_rule) == 0)
			apply_rule(matched[i], event, muted);
	}
}
