/*-------------------------------------------------------------------------
 * wait_try.c
 *	  respond_internal.try_waits(): steps with armed waits, for tests.
 *
 * A test compares what many random steps give with a model, and measures them,
 * without runs and workers around.  Nobody has the right to call it.
 *
 * src/wait/wait_try.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "event/event_context.h"
#include "wait/wait_filter.h"
#include "wait/wait_match.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

PG_FUNCTION_INFO_V1(respond_try_waits);

typedef JsonbContainer *Step;

static bool
find(Step step, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(step, name, strlen(name), value) != NULL && value->type != jbvNull;
}

static char *
text_of(Step step, const char *name)
{
	JsonbValue	value;

	if (!find(step, name, &value))
		return NULL;
	if (value.type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be a text", name)));
	return pnstrdup(value.val.string.val, value.val.string.len);
}

static int64
number_of(Step step, const char *name)
{
	JsonbValue	value;

	if (!find(step, name, &value) || value.type != jbvNumeric)
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
}

static Jsonb *
document_of(Step step, const char *name)
{
	JsonbValue	value;

	return find(step, name, &value) ? JsonbValueToJsonb(&value) : NULL;
}

static TimestampTz
time_of(Step step, const char *name, TimestampTz otherwise)
{
	char	   *text = text_of(step, name);

	if (text == NULL)
		return otherwise;
	return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
}

static char *
required(Step step, const char *name)
{
	char	   *text = text_of(step, name);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is missing", name)));
	return text;
}

static void
read_wait(Wait *wait, Step step)
{
	memset(wait, 0, sizeof(*wait));
	wait->run_id = number_of(step, "run");
	wait->run_started_at = wait->since = GetCurrentTransactionStartTimestamp();
	wait->rule = required(step, "rule");
	wait->rule_version = 1;
	wait->step = required(step, "step");
	wait->alternative = (int) number_of(step, "alternative");
}

/* Its members are those of a wait and of its pattern. */
static void
arm(Step step)
{
	WaitPattern pattern = {0};
	JsonbValue	early;
	Wait		wait;

	read_wait(&wait, step);
	pattern.rule = wait.rule;
	pattern.rule_version = wait.rule_version;
	pattern.step = wait.step;
	pattern.alternative = wait.alternative;
	pattern.event_type = required(step, "event_type");
	pattern.pattern = document_of(step, "pattern");
	pattern.event_key = required(step, "event_key");
	wait.pattern = respond_wait_pattern(&pattern);
	wait.key = required(step, "key");
	wait.early = find(step, "early", &early) && early.type == jbvBool && early.val.boolean;
	wait.due_at = time_of(step, "due_at", DT_NOEND);
	if (number_of(step, "heard") != 0)
	{
		wait.heard_count = 1;
		wait.heard = palloc(sizeof(int64));
		wait.heard[0] = number_of(step, "heard");
		wait.heard_at = &wait.since;
	}
	respond_wait_arm(&wait);
}

static void
read_event(Event *event, Step step)
{
	memset(event, 0, sizeof(*event));
	event->id = number_of(step, "id");
	event->type = required(step, "type");
	event->subject = text_of(step, "subject");
	event->source = event->actor = "/try";
	event->time = event->recorded_at = time_of(step, "recorded_at", GetCurrentTransactionStartTimestamp());
	event->data = document_of(step, "data");
	if (event->data == NULL)
		event->data = respond_jsonb_empty_object();
}

static void
push_wait(JsonbParseState **state, const Wait *wait, bool with_heard)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "run", wait->run_id);
	respond_jsonb_push_text(state, "step", wait->step);
	respond_jsonb_push_int64(state, "alternative", wait->alternative);
	respond_jsonb_push_boolean(state, "early", wait->early);
	if (with_heard)
	{
		respond_jsonb_push_key(state, "heard");
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		for (int i = 0; i < wait->heard_count; i++)
			respond_jsonb_push_text_element(state, psprintf(INT64_FORMAT, wait->heard[i]));
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_waits(JsonbParseState **state, const char *name, const List *waits, bool with_heard)
{
	ListCell   *cell;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(state, name);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, waits)
		push_wait(state, lfirst(cell), with_heard);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
hear(Step step)
{
	Event		event = {.id = number_of(step, "id"),.recorded_at = GetCurrentTransactionStartTimestamp()};
	Wait		wait;

	read_wait(&wait, step);
	respond_wait_hear(&wait, &event);
}

static void
count_heard(JsonbParseState **state, Step step)
{
	Wait		wait;

	read_wait(&wait, step);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "count", respond_wait_heard_count(&wait));
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
hit(JsonbParseState **state, Step step)
{
	WaitHits   *hits;
	List	   *waits = NIL;
	List	   *piece;
	int64		last;
	Event		event;

	read_event(&event, step);
	if (!respond_waits_listen())
		push_waits(state, "deaf", NIL, false);
	else if (number_of(step, "limit") != 0)
	{
		waits = respond_waits_hit(&event, number_of(step, "after"), (int) number_of(step, "limit"), &last);
		push_waits(state, "hit", waits, false);
	}
	else
	{
		hits = respond_waits_hits_open(&event, true);
		while ((piece = respond_waits_hits_next(hits)) != NIL)
			waits = list_concat(waits, piece);
		respond_waits_hits_close(hits);
		push_waits(state, "hit", waits, false);
	}
}

/* Whether a filter made of the run's waits lets the event through. */
static void
want(JsonbParseState **state, Step step)
{
	WaitFilter *filter = respond_wait_filter_create();
	ListCell   *cell;
	Event		event;

	read_event(&event, step);
	foreach(cell, respond_waits_of_run(number_of(step, "run")))
		respond_wait_filter_add(filter, lfirst(cell));
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "count", respond_wait_filter_wants_type(filter, event.type) &&
							 respond_wait_filter_wants(filter, &event));
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* The object with that name in it; NULL when there is none. */
static Step
part_of(Step step, const char *name)
{
	JsonbValue	value;

	return find(step, name, &value) && value.type == jbvBinary ? value.val.binary.data : NULL;
}

static void
carry_out(JsonbParseState **state, Step step)
{
	JsonbValue	value;
	Step		part;

	if ((part = part_of(step, "arm")) != NULL)
		arm(part);
	else if ((part = part_of(step, "hear")) != NULL)
		hear(part);
	else if ((part = part_of(step, "count")) != NULL)
		count_heard(state, part);
	else if ((part = part_of(step, "hit")) != NULL)
		hit(state, part);
	else if ((part = part_of(step, "want")) != NULL)
		want(state, part);
	else if (find(step, "take", &value))
		push_waits(state, "taken", respond_waits_take(number_of(step, "take")), true);
	else if (find(step, "flush", &value))
		respond_waits_flush();
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no such step")));
}

/*
 * try_waits(program jsonb) → jsonb: an array of what each step gave that gives
 * anything.  What is still buffered at the end is written.
 */
Datum
respond_try_waits(PG_FUNCTION_ARGS)
{
	Jsonb	   *program = PG_GETARG_JSONB_P(0);
	JsonbIterator *iterator = JsonbIteratorInit(&program->root);
	JsonbParseState *state = NULL;
	JsonbIteratorToken token;
	JsonbValue	step;

	if (respond_event_context()->rule != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by the SQL of a rule", "try_waits()")));
	respond_waits_discard();
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	while ((token = JsonbIteratorNext(&iterator, &step, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && step.type == jbvBinary)
			carry_out(&state, step.val.binary.data);
	}
	respond_waits_flush();
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}
