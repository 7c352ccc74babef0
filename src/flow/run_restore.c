/*-------------------------------------------------------------------------
 * run_restore.c
 *	  A run taken up again from its document.
 *
 * The document may have lain for months in a table that people can reach, so
 * nothing in it is taken for granted: each member is there or has a default, has
 * its type and its limits, no other is there, and steps are those of the flow.
 *
 * src/flow/run_restore.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "common/time_read.h"
#include "event/event_check.h"
#include "event/event_context.h"
#include "flow/flow_chain.h"
#include "flow/loop.h"
#include "flow/loop_code.h"
#include "flow/loop_save.h"
#include "flow/run_peek.h"
#include "flow/run_restore.h"
#include "flow/run_save.h"

/* An object in the document, and where it stands: "event", "chain[2]", "" for the whole. */
typedef struct Object
{
	JsonbContainer *container;
	const char *place;
} Object;

pg_noreturn static void raise_fault(const char *place, const char *fault);
pg_noreturn static void raise_fault_at(const char *place, const char *name, const char *fault);
pg_noreturn static void raise_member_fault(const Object *object, const char *name, const char *fault);

static void
raise_fault(const char *place, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RUN),
			 errmsg("the saved run cannot be resumed: %s%s%s", place, place[0] != '\0' ? ": " : "", fault)));
}

static char *
member_place(const Object *object, const char *name)
{
	return object->place[0] != '\0' ? psprintf("%s.%s", object->place, name) : pstrdup(name);
}

/* Of a member of what is at the place; name NULL: of that itself. */
static void
raise_fault_at(const char *place, const char *name, const char *fault)
{
	Object		object = {NULL, place};

	raise_fault(name != NULL ? member_place(&object, name) : place, fault);
}

static void
raise_member_fault(const Object *object, const char *name, const char *fault)
{
	raise_fault_at(object->place, name, fault);
}

static bool
is_named(const JsonbValue *key, const char *name)
{
	return strncmp(name, key->val.string.val, key->val.string.len) == 0 && name[key->val.string.len] == '\0';
}

/* names: those that the object may have, NULL at the end. */
static Object
read_object(JsonbContainer *container, const char *place, const char *const *names)
{
	Object		object = {container, place};
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	item;

	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		const char *const *name = names;

		if (token != WJB_KEY)
			continue;
		while (*name != NULL && !is_named(&item, *name))
			name++;
		if (*name == NULL)
			raise_member_fault(&object, pnstrdup(item.val.string.val, item.val.string.len),
							   "there is no such member in this format");
	}
	return object;
}

/* The member; false when it is missing. */
static bool
find_member(const Object *object, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object->container, name, strlen(name), value) != NULL;
}

static void
require_member(const Object *object, const char *name, JsonbValue *value)
{
	if (!find_member(object, name, value))
		raise_member_fault(object, name, "is missing");
}

/* A member, whose place is put together when there is a fault; name NULL: what is at the place. */
static char *
text_of(const JsonbValue *value, const char *place, const char *name, Size most)
{
	if (value->type != jbvString)
		raise_fault_at(place, name, "is not a text");
	if (value->val.string.len > most)
		raise_fault_at(place, name, "is too long");
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
read_text(const Object *object, const char *name, Size most)
{
	JsonbValue	value;

	require_member(object, name, &value);
	return text_of(&value, object->place, name, most);
}

static char *
read_filled_text(const Object *object, const char *name, Size most)
{
	char	   *text = read_text(object, name, most);

	if (text[0] == '\0')
		raise_member_fault(object, name, "is empty");
	return text;
}

/* NULL when it is missing. */
static char *
read_optional_text(const Object *object, const char *name, Size most)
{
	JsonbValue	value;

	return find_member(object, name, &value) ? text_of(&value, object->place, name, most) : NULL;
}

static int64
number_of(const JsonbValue *value, const char *place, const char *name, int64 low, int64 high)
{
	char	   *text;
	char	   *end;
	int64		number;

	if (value->type != jbvNumeric)
		raise_fault_at(place, name, "is not a number");
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	number = strtoi64(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < low || number > high)
		raise_fault_at(place, name,
					   psprintf("is not a whole number from " INT64_FORMAT " to " INT64_FORMAT, low, high));
	return number;
}

/* Low, which must be legal, when it is missing. */
static int64
read_number(const Object *object, const char *name, int64 low, int64 high)
{
	JsonbValue	value;

	return find_member(object, name, &value) ? number_of(&value, object->place, name, low, high) : low;
}

static int64
read_required_number(const Object *object, const char *name, int64 low, int64 high)
{
	JsonbValue	value;

	require_member(object, name, &value);
	return number_of(&value, object->place, name, low, high);
}

static bool
read_flag(const Object *object, const char *name)
{
	JsonbValue	value;

	if (!find_member(object, name, &value))
		return false;
	if (value.type != jbvBool)
		raise_member_fault(object, name, "is not true or false");
	return value.val.boolean;
}

static TimestampTz
read_time(const Object *object, const char *name)
{
	TimestampTz time;

	if (!respond_time_read(read_text(object, name, MAXDATELEN), &time))
		raise_member_fault(object, name, "is not a time");
	return time;
}

/* An object, copied; NULL when it is missing. */
static Jsonb *
read_optional_object(const Object *object, const char *name)
{
	JsonbValue	value;

	if (!find_member(object, name, &value))
		return NULL;
	if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
		raise_member_fault(object, name, "is not an object");
	return JsonbValueToJsonb(&value);
}

/* Any value, copied. */
static Jsonb *
read_value(const Object *object, const char *name)
{
	JsonbValue	value;

	require_member(object, name, &value);
	return JsonbValueToJsonb(&value);
}

/* The array; NULL when it is missing. */
static JsonbContainer *
read_array(const Object *object, const char *name)
{
	JsonbValue	value;

	if (!find_member(object, name, &value))
		return NULL;
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
		raise_member_fault(object, name, "is not an array");
	return value.val.binary.data;
}

static JsonbContainer *
container_of(const JsonbValue *value, const char *place)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		raise_fault(place, "is not an object");
	return value->val.binary.data;
}

static Object
open_document(Jsonb *saved)
{
	static const char *const names[] = {
		"format", "rule", "version", "run", "replay", "started_at", "caused", "event", "at", "executed", "ticket",
		"pauses", "pause", "own_events", "heard", "beginning", "key", "parent", "chain", "log", "log_is_full",
		"failure", "first_failure", "kept", "ended", NULL
	};
	Object		outside = {&saved->root, ""};
	int64		format;

	if (!JB_ROOT_IS_OBJECT(saved))
		raise_fault("", "it is not an object");
	/* before anything else, which may be otherwise in another format */
	format = read_required_number(&outside, "format", 1, PG_INT32_MAX);
	if (format != RUN_FORMAT)
		raise_fault("format", psprintf("it is " INT64_FORMAT "; this version of pg_respond reads %d", format,
									   RUN_FORMAT));
	return read_object(&saved->root, "", names);
}

static void
read_version(const Object *document, char **rule, int32 *version)
{
	*rule = read_filled_text(document, "rule", FLOW_MAX_LOG);
	*version = read_required_number(document, "version", 0, PG_INT32_MAX);
}

void
respond_run_belongs_to(Jsonb *saved, char **rule, int32 *version)
{
	Object		document = open_document(saved);

	read_version(&document, rule, version);
}

void
respond_run_check(Jsonb *saved, bool waits, FlowPause *pause)
{
	(void) open_document(saved);
	respond_run_pause(saved, pause);
	if (waits && pause->waits_for == NULL)
		raise_fault("pause", "does not say what the run waits for");
}

static void
check_version(const Object *document, const FlowRun *run)
{
	char	   *rule;
	int32		version;

	read_version(document, &rule, &version);
	if (strcmp(rule, run->rule) != 0 || version != run->rule_version)
		raise_fault("version", psprintf("it is of version %d of rule \"%s\", not of version %d of rule \"%s\"",
										version, rule, run->rule_version, run->rule));
}

static const Event *
read_event(const Object *document)
{
	static const char *const names[] = {
		"id", "type", "source", "subject", "key", "actor", "time", "recorded_at", "cause", "depth", "data", NULL
	};
	JsonbValue	value;
	Object		object;
	Event	   *event;

	require_member(document, "event", &value);
	if (value.type == jbvNull)
		return NULL;
	object = read_object(container_of(&value, "event"), "event", names);
	event = palloc0(sizeof(Event));
	event->id = read_required_number(&object, "id", PG_INT64_MIN, PG_INT64_MAX);
	event->type = read_filled_text(&object, "type", RESPOND_MAX_TYPE);
	event->source = read_filled_text(&object, "source", RESPOND_MAX_SOURCE);
	event->subject = read_optional_text(&object, "subject", RESPOND_MAX_SUBJECT);
	event->key = read_optional_text(&object, "key", RESPOND_MAX_KEY);
	event->actor = read_optional_text(&object, "actor", FLOW_MAX_LOG);
	event->time = read_time(&object, "time");
	event->recorded_at = read_time(&object, "recorded_at");
	event->has_cause = find_member(&object, "cause", &value);
	if (event->has_cause)
		event->cause = read_required_number(&object, "cause", PG_INT64_MIN, PG_INT64_MAX);
	event->depth = read_number(&object, "depth", 0, PG_INT32_MAX - 1);
	event->data = read_value(&object, "data");
	event->data_size = VARSIZE(event->data);
	if (!JB_ROOT_IS_OBJECT(event->data))
		raise_fault("event.data", "is not an object");
	return event;
}

static void
read_parent(FlowRun *run, const Object *document)
{
	static const char *const names[] = {"run", "started_at", "pause", NULL};
	int64		of_row = run->parent_id;
	JsonbValue	value;
	Object		object;

	run->parent_id = 0;
	if (find_member(document, "parent", &value))
	{
		object = read_object(container_of(&value, "parent"), "parent", names);
		run->parent_id = read_required_number(&object, "run", 1, PG_INT64_MAX);
		run->parent_started_at = read_time(&object, "started_at");
		run->parent_pause = read_number(&object, "pause", 0, PG_INT32_MAX);
	}
	if (run->place != NULL && run->parent_id != of_row)
		raise_fault("parent", "is not the run that waits for this one");
}

/* The step of this name in one of the flow's arrays; NULL when there is none. */
static const FlowStep *
find_step(const FlowPart *part, const char *name)
{
	for (int i = 0; i < part->count; i++)
		if (part->steps[i].name != NULL && strcmp(part->steps[i].name, name) == 0)
			return &part->steps[i];
	return NULL;
}

static FlowPartNumber
read_part(const Object *object, const Flow *flow)
{
	char	   *name = read_text(object, "part", FLOW_MAX_NAME);

	for (int i = 0; i < FLOW_PARTS; i++)
		if (strcmp(flow->parts[i].place, name) == 0)
			return i;
	raise_member_fault(object, "part", psprintf("there is no array of steps \"%s\"", name));
}

static int
step_by_name(const FlowMachine *machine, const FlowPart *part, const char *name, const char *place)
{
	const FlowStep *step;

	if (strcmp(name, FLOW_STOP_NAME) == 0)
		return FLOW_STOP;
	step = find_step(part, name);
	if (step == NULL)
		raise_fault(place, psprintf("version %d of rule \"%s\" has no step \"%s\" in %s",
										   machine->run->rule_version, machine->run->rule, name, part->place));
	return step - part->steps;
}

/* By its number alone stands a step that has no name. */
static int
step_by_number(const FlowMachine *machine, const FlowPart *part, const JsonbValue *value, const char *place)
{
	int64		number = number_of(value, place, NULL, 0, FLOW_MAX_STEPS - 1);

	if (number >= part->count || part->steps[number].name != NULL)
		raise_fault(place, psprintf("version %d of rule \"%s\" has no step " INT64_FORMAT " without name in %s",
										   machine->run->rule_version, machine->run->rule, number, part->place));
	return number;
}

static int
read_step(const FlowMachine *machine, const FlowPart *part, const JsonbValue *value, const char *place)
{
	return value->type == jbvString ? step_by_name(machine, part, text_of(value, place, NULL, FLOW_MAX_NAME), place) :
		step_by_number(machine, part, value, place);
}

/* A place in one array of steps. */
static int
read_place(FlowMachine *machine, const FlowPart *part, const Object *frame, int *attempts)
{
	JsonbValue	step;

	require_member(frame, "step", &step);
	*attempts = read_number(frame, "attempts", 0, FLOW_MAX_ATTEMPTS - 1);
	return read_step(machine, part, &step, member_place(frame, "step"));
}

/* A loop that the run is in; its step in part. */
static const FlowPart *
read_loop(FlowMachine *machine, const FlowPart *part, const Object *frame)
{
	LoopFrame  *loop = &machine->loops[machine->loop_count];
	const LoopCode *code;
	JsonbValue	value;

	loop->outer.part = machine->position.part;
	loop->outer.step = read_place(machine, part, frame, &loop->outer.attempts);
	code = loop->outer.step != FLOW_STOP ? respond_loop_code(&part->steps[loop->outer.step]) : NULL;
	if (code == NULL)
		raise_member_fault(frame, "step", "it has no steps of its own");
	loop->step = &part->steps[loop->outer.step];
	machine->loop_count++;
	require_member(frame, "loop", &value);
	respond_loop_restore(machine, machine->loop_count - 1, &value, member_place(frame, "loop"));
	return &code->part;
}

/* A step is in work wherever the run does not stand between two items. */
static void
check_items(const FlowMachine *machine)
{
	for (int i = 0; i < machine->loop_count; i++)
	{
		bool		is_outer = i < machine->loop_count - 1;

		if (!machine->loops[i].open && (is_outer || !respond_loop_is_between(machine)))
			raise_fault(psprintf("at[%d].loop.open", i), "an item is in work");
	}
}

static void
read_position(FlowMachine *machine, const Object *document)
{
	static const char *const names[] = {"part", "step", "attempts", "loop", NULL};
	JsonbContainer *frames = read_array(document, "at");
	FlowPosition *position = &machine->position;
	const FlowPart *part = NULL;
	uint32		count = frames != NULL ? JsonContainerSize(frames) : 0;

	if (count < 1 || count > FLOW_MAX_LOOPS + 1)
		raise_fault("at", psprintf("is not an array of one to %d places", FLOW_MAX_LOOPS + 1));
	for (uint32 i = 0; i < count; i++)
	{
		char	   *place = psprintf("at[%u]", i);
		Object		frame = read_object(container_of(getIthJsonbValueFromContainer(frames, i), place), place, names);

		if (i == 0)
		{
			position->part = read_part(&frame, machine->flow);
			part = &machine->flow->parts[position->part];
		}
		if (i < count - 1)
			part = read_loop(machine, part, &frame);
		else
			position->step = read_place(machine, part, &frame, &position->attempts);
	}
	position->executed = read_number(document, "executed", 0, FLOW_MAX_EXECUTED);
	check_items(machine);
	respond_loop_refresh_names(machine);
}

/* In front of any step the run may wait until it is executed. */
static bool
is_before_step(const FlowPause *pause)
{
	return strcmp(pause->waits_for, PAUSE_RETRY) == 0 || strcmp(pause->waits_for, PAUSE_TURN) == 0 ||
		strcmp(pause->waits_for, PAUSE_PLACE) == 0;
}

/* Only steps that can wait are told what ended the pause; how they wait is their own to say. */
static void
check_pause(const FlowMachine *machine, const FlowPause *pause)
{
	const FlowStep *step;

	if (respond_loop_is_between(machine))
		return;
	if (machine->position.step == FLOW_STOP)
		raise_fault("pause", "the run has no step to wait in");
	step = &respond_machine_part(machine)->steps[machine->position.step];
	if (!is_before_step(pause) && (!step->action->pauses || respond_loop_code(step) != NULL))
		raise_fault("pause.for", psprintf("%s does not wait", step->place));
}

static void
read_pause(FlowMachine *machine, const Object *document)
{
	static const char *const names[] = {"for", "since", "due", "fails", "timer", "memo", "place", NULL};
	FlowPause  *pause;
	JsonbValue	value;
	Object		object;

	machine->pauses = read_number(document, "pauses", 0, PG_INT32_MAX - 1);
	machine->beginning = find_member(document, "beginning", &value) ? JsonbValueToJsonb(&value) : NULL;
	if (!find_member(document, "pause", &value))
		return;
	object = read_object(container_of(&value, "pause"), "pause", names);
	pause = palloc0(sizeof(FlowPause));
	pause->waits_for = read_filled_text(&object, "for", FLOW_MAX_NAME);
	pause->since = read_time(&object, "since");
	pause->due_at = find_member(&object, "due", &value) ? read_time(&object, "due") : DT_NOEND;
	pause->fails_at = find_member(&object, "fails", &value) ? read_time(&object, "fails") : 0;
	pause->timer = read_number(&object, "timer", 0, PG_INT64_MAX);
	pause->memo = read_optional_object(&object, "memo");
	pause->place = find_member(&object, "place", &value) ? JsonbValueToJsonb(&value) : NULL;
	pause->number = machine->pauses;
	check_pause(machine, pause);
	machine->pause = pause;
}

static void
read_visited(FlowMachine *machine, const Object *document)
{
	const FlowPart *part = respond_machine_part(machine);
	JsonbContainer *steps = read_array(document, "heard");

	for (uint32 i = 0; steps != NULL && i < JsonContainerSize(steps); i++)
	{
		char	   *place = psprintf("heard[%u]", i);
		JsonbValue *value = getIthJsonbValueFromContainer(steps, i);
		const FlowStep *step = value->type == jbvString ?
			respond_flow_find_step(machine->flow, text_of(value, place, NULL, FLOW_MAX_NAME)) :
			&part->steps[step_by_number(machine, part, value, place)];

		if (step == NULL)
			raise_fault(place, "there is no such step");
		machine->visited = lappend(machine->visited, unconstify(FlowStep *, step));
	}
}

static void
read_result(FlowMachine *machine, const Object *entry)
{
	char	   *name = read_text(entry, "step", FLOW_MAX_NAME);
	const FlowStep *step = respond_flow_find_step(machine->flow, name);
	Jsonb	   *value = read_value(entry, "value");
	JsonbValue	shown;

	if (step == NULL)
		raise_member_fault(entry, "step", psprintf("version %d of rule \"%s\" has no step \"%s\"",
												   machine->run->rule_version, machine->run->rule, name));
	for (int i = 0; i < machine->chain_count; i++)
		if (machine->chain[i].name == step->name)
			raise_member_fault(entry, "step", psprintf("step \"%s\" comes twice", name));
	respond_chain_set(machine, step, value,
					  find_member(entry, "shown", &shown) ? JsonbValueToJsonb(&shown) : value);
}

/* Failures are kept without asking whether they fit, so the limit of a step may be passed a little. */
static void
read_chain(FlowMachine *machine, const Object *document)
{
	static const char *const names[] = {"step", "value", "shown", NULL};
	JsonbContainer *entries = read_array(document, "chain");

	for (uint32 i = 0; entries != NULL && i < JsonContainerSize(entries); i++)
	{
		char	   *place = psprintf("chain[%u]", i);
		Object		entry = read_object(container_of(getIthJsonbValueFromContainer(entries, i), place), place, names);

		read_result(machine, &entry);
		if (machine->chain_bytes > 2 * FLOW_MAX_CHAIN)
			raise_fault("chain", "it holds more than a run can keep");
	}
}

static void
read_line(FlowMachine *machine, JsonbValue *value, const char *place)
{
	static const char *const names[] = {"text", "shown", NULL};
	Object		line;

	if (value->type == jbvString)
	{
		respond_chain_log(machine, text_of(value, place, NULL, FLOW_MAX_LOG), NULL);
		return;
	}
	line = read_object(container_of(value, place), place, names);
	respond_chain_log(machine, read_text(&line, "text", FLOW_MAX_LOG), read_text(&line, "shown", FLOW_MAX_LOG));
}

static void
read_log(FlowMachine *machine, const Object *document)
{
	JsonbContainer *lines = read_array(document, "log");

	for (uint32 i = 0; lines != NULL && i < JsonContainerSize(lines); i++)
		read_line(machine, getIthJsonbValueFromContainer(lines, i), psprintf("log[%u]", i));
	if (read_flag(document, "log_is_full"))
		machine->log_bytes = FLOW_MAX_LOG + 1;
}

static void
read_failure(FlowFailure *failure, const Object *document, const char *name)
{
	static const char *const names[] = {"step", "message", "text", "shown", "code", "details", NULL};
	JsonbValue	value;
	Object		object;
	char	   *code;

	if (!find_member(document, name, &value))
		return;
	object = read_object(container_of(&value, name), name, names);
	failure->step = read_filled_text(&object, "step", FLOW_MAX_LOG);
	failure->message = read_text(&object, "message", FLOW_MAX_LOG);
	failure->text = read_text(&object, "text", FLOW_MAX_LOG);
	failure->shown = read_text(&object, "shown", FLOW_MAX_LOG);
	code = read_text(&object, "code", sizeof(failure->code) - 1);
	if (strlen(code) != sizeof(failure->code) - 1)
		raise_member_fault(&object, "code", "is not an SQLSTATE");
	strlcpy(failure->code, code, sizeof(failure->code));
	if (find_member(&object, "details", &value))
	{
		(void) container_of(&value, psprintf("%s.details", name));
		failure->details = JsonbValueToJsonb(&value);
	}
}

static void
read_failures(FlowMachine *machine, const Object *document)
{
	read_failure(&machine->failure, document, "failure");
	read_failure(&machine->first_failure, document, "first_failure");
	if ((machine->first_failure.step != NULL) != (machine->position.part != FLOW_STEPS))
		raise_fault("first_failure", "goes with steps of on_failure and on_cancel, and only with them");
	if (machine->first_failure.step != NULL && machine->failure.step == NULL)
		raise_fault("failure", "is missing");
}

void
respond_run_restore(FlowMachine *machine, Flow *flow, FlowRun *run, Jsonb *saved)
{
	Object		document = open_document(saved);

	check_version(&document, run);
	run->run_id = read_required_number(&document, "run", 1, PG_INT64_MAX);
	run->replay = read_flag(&document, "replay");
	run->key = read_optional_text(&document, "key", RESPOND_MAX_KEY);
	read_parent(run, &document);
	run->shadow = false;
	run->event = read_event(&document);
	respond_machine_open(machine, flow, run, false);
	machine->started_at = read_time(&document, "started_at");
	machine->ticket_id = read_number(&document, "ticket", 0, PG_INT64_MAX);
	read_position(machine, &document);
	read_pause(machine, &document);
	/* which of them is not kept: the steps may be others by now */
	machine->own_events = read_flag(&document, "own_events") ? PG_UINT64_MAX : 0;
	read_visited(machine, &document);
	read_chain(machine, &document);
	read_log(machine, &document);
	read_failures(machine, &document);
	respond_event_context_take_up(run->run_id, read_number(&document, "caused", 0, PG_INT64_MAX));
}
