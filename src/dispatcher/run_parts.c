/*-------------------------------------------------------------------------
 * run_parts.c
 *	  A run in parts: begun, laid down, gone on with, each in a transaction of its own.
 *
 * This is how a run that waits will be resumed; nothing waits yet.  Until then it
 * serves tests, which drive a run step by step through as many sessions.
 *
 * It runs in a session, not in a dispatcher, and does there what a batch of one
 * run does: the buffer of effects is empty before and after.
 *
 * src/dispatcher/run_parts.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

#include "common/errors.h"
#include "common/standby.h"
#include "dispatcher/reader.h"
#include "effect/effects.h"
#include "event/event_context.h"
#include "event/event_size.h"
#include "flow/flow_start.h"
#include "flow/run_restore.h"
#include "rule/rule_version.h"

PG_FUNCTION_INFO_V1(respond_begin_run);
PG_FUNCTION_INFO_V1(respond_continue_run);

/* The SQL of a rule must not empty the buffer of the batch that it is part of. */
static void
refuse_elsewhere(const char *function)
{
	respond_standby_refuse(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (respond_event_context()->rule != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by the SQL of a rule", function)));
}

static Rule *
require_rule(const char *name, int32 version)
{
	Rule	   *rule = respond_rule_version_load(name, version);

	if (rule == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule \"%s\" has no version %d", name, version)));
	if (rule->broken != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RUN),
				 errmsg("version %d of rule \"%s\" cannot run", version, name),
				 errdetail("%s", rule->broken)));
	return rule;
}

static const Event *
require_event(int64 id)
{
	const Event *event = NULL;

	PG_TRY();
	{
		event = respond_reader_fetch_id(id);
		respond_reader_release();
	}
	PG_CATCH();
	{
		respond_reader_forget();
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (event == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("event " INT64_FORMAT " does not exist", id)));
	if (event->data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("%s", respond_event_size_fault(event))));
	return event;
}

/* A part of a run; saved NULL: the first. */
static Jsonb *
run_part(const Rule *rule, FlowRun *run, Jsonb *saved, int attempts)
{
	Jsonb	   *volatile result = NULL;

	respond_effects_begin();
	PG_TRY();
	{
		result = saved != NULL ? respond_flow_resume(rule->flow, run, saved, attempts) :
			respond_flow_begin(rule->flow, run, attempts);
		respond_effects_flush();
	}
	PG_FINALLY();
	{
		respond_effects_discard();
	}
	PG_END_TRY();
	return result;
}

static int
attempts_of(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		return INT_MAX;
	return Max(PG_GETARG_INT32(argument), 0);
}

/* begin_run(rule, rule_version, event_id, attempts) → the run as it was laid down, NULL when it ended */
Datum
respond_begin_run(PG_FUNCTION_ARGS)
{
	FlowRun		run = {0};
	Rule	   *rule;
	Jsonb	   *saved;

	refuse_elsewhere("begin_run()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a rule and its version must be given")));
	rule = require_rule(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT32(1));
	run.rule = rule->name;
	run.rule_version = rule->version;
	run.owner = rule->owner;
	run.shadow = rule->shadow;
	if (!PG_ARGISNULL(2))
		run.event = require_event(PG_GETARG_INT64(2));
	saved = run_part(rule, &run, NULL, attempts_of(fcinfo, 3));
	if (saved == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(saved);
}

/* continue_run(saved, attempts) → the same */
Datum
respond_continue_run(PG_FUNCTION_ARGS)
{
	FlowRun		run = {0};
	char	   *name;
	int32		version;
	Rule	   *rule;
	Jsonb	   *saved;

	refuse_elsewhere("continue_run()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	saved = PG_GETARG_JSONB_P(0);
	respond_run_belongs_to(saved, &name, &version);
	rule = require_rule(name, version);
	run.rule = rule->name;
	run.rule_version = rule->version;
	run.owner = rule->owner;
	saved = run_part(rule, &run, saved, attempts_of(fcinfo, 1));
	if (saved == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(saved);
}
