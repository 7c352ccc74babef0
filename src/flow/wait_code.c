/*-------------------------------------------------------------------------
 * wait_code.c
 *	  Compiles action "wait".
 *
 * One alternative may stand in the step itself, several stand in "events".
 *
 * src/flow/wait_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "calendar/local_time_server.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/interval_read.h"
#include "common/json_value_jsonb.h"
#include "event/event_check.h"
#include "flow/action_wait.h"
#include "flow/flow_context.h"
#include "flow/parameter_compile.h"
#include "flow/step_fields.h"
#include "flow/wait_code.h"
#include "match/pattern_jsonb.h"
#include "template/template_jsonb.h"
#include "wait/wait_key.h"

pg_noreturn static void refuse(const char *place, const char *field, const char *fault, const char *hint);

static void
refuse(const char *place, const char *field, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s: %s", place, field, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* A constant text that is not empty. */
static const char *
read_text(FlowCompiler *compiler, const char *place, const char *field, const JsonValue *value)
{
	if (value->kind != JSON_KIND_STRING || value->length == 0)
		refuse(place, field, "must be a text that is not empty", NULL);
	return respond_arena_copy(compiler->arena, value->text, value->length);
}

static Jsonb *
read_pattern(FlowCompiler *compiler, const char *place, const JsonValue *value)
{
	Jsonb	   *pattern;
	Jsonb	   *copy;

	if (value == NULL || value->kind == JSON_KIND_NULL)
		return NULL;
	pattern = respond_json_value_to_jsonb(value);
	respond_pattern_check_jsonb(psprintf("%s.pattern", place), pattern);
	copy = respond_arena_alloc(compiler->arena, VARSIZE(pattern));
	memcpy(copy, pattern, VARSIZE(pattern));
	return copy;
}

static void
note_steps(void *state, const TemplatePathUse *use)
{
	bool	   *needs_steps = state;

	*needs_steps |= (use->root_length == 1 && use->root[0] == '.') ||
		(use->root_length == 5 && (memcmp(use->root, "steps", 5) == 0 || memcmp(use->root, "error", 5) == 0));
}

static void
read_key(FlowCompiler *compiler, WaitAlternative *alternative, const JsonValue *value)
{
	if (value == NULL)
	{
		compiler->flow->roots |= (uint32) 1 << EVENT_ROOT_SUBJECT;
		return;
	}
	if (value->kind == JSON_KIND_STRING && value->length == 0)
		refuse(alternative->place, "key", "is empty", "Leave it out to wait for the subject of the run's event.");
	alternative->key = respond_parameter_text(compiler, alternative->place, "key", value);
	respond_template_each_path(alternative->key, note_steps, &alternative->key_needs_steps);
}

static void
read_event_key(FlowCompiler *compiler, WaitAlternative *alternative, const JsonValue *value)
{
	alternative->event_key = value == NULL ? "subject" :
		read_text(compiler, alternative->place, "event_key", value);
	(void) respond_wait_key_compile(CurrentMemoryContext, alternative->event_key,
									psprintf("%s.event_key", alternative->place));
}

/* A type that no event has, or that was meant as a template, would be waited for without end. */
static void
check_event_type(const char *place, const char *event_type)
{
	if (strstr(event_type, "{{") != NULL)
		refuse(place, "event_type", "cannot hold a tag",
			   "Every event is compared with it. Use \"*\" in it, and \"key\" or \"pattern\".");
	if (strlen(event_type) > RESPOND_MAX_TYPE)
		refuse(place, "event_type",
			   psprintf("it is %zu bytes long; at most %d are allowed", strlen(event_type), RESPOND_MAX_TYPE),
			   "No event has a longer type.");
	for (const char *s = event_type; *s != '\0'; s++)
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			refuse(place, "event_type", "it holds a control character", "No event has one in its type.");
}

static void
read_event_type(FlowCompiler *compiler, WaitAlternative *alternative, const JsonValue *value)
{
	if (value == NULL)
		refuse(alternative->place, "event_type", "is missing",
			   "It is the type of the event to wait for, as in a rule.");
	alternative->event_type = read_text(compiler, alternative->place, "event_type", value);
	check_event_type(alternative->place, alternative->event_type);
}

void
respond_wait_alternative_compile(FlowCompiler *compiler, const JsonValue *value, WaitAlternative *alternative)
{
	read_event_type(compiler, alternative, respond_step_member(value, "event_type"));
	alternative->pattern = read_pattern(compiler, alternative->place, respond_step_member(value, "pattern"));
	read_key(compiler, alternative, respond_step_member(value, "key"));
	read_event_key(compiler, alternative, respond_step_member(value, "event_key"));
}

static void
read_alternative(FlowCompiler *compiler, FlowStep *step, const JsonValue *value, const char *go_to,
				 WaitAlternative *alternative)
{
	const char *field = alternative->place == step->place ? go_to :
		psprintf("%s.%s", alternative->place + strlen(step->place) + 1, go_to);

	respond_wait_alternative_compile(compiler, value, alternative);
	alternative->go_to = respond_step_add_target(compiler, step, field, respond_step_member(value, go_to));
}

static void
check_members(const char *place, const JsonValue *value)
{
	static const char *const names[] = {"event_type", "pattern", "key", "event_key", "go_to"};

	if (value->kind != JSON_KIND_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: must be an object", place),
				 errhint("Write {\"event_type\": \"...\", \"go_to\": \"...\"}.")));
	for (size_t i = 0; i < value->count; i++)
	{
		bool		known = false;

		for (int j = 0; j < lengthof(names); j++)
			known |= strcmp(value->members[i].name, names[j]) == 0;
		if (!known)
			refuse(place, value->members[i].name, "there is no such field",
				   "Its fields are: event_type, pattern, key, event_key, go_to.");
	}
}

static void
read_list(FlowCompiler *compiler, FlowStep *step, const JsonValue *events, WaitCode *code)
{
	if (events->kind != JSON_KIND_ARRAY || events->count == 0)
		refuse(step->place, "events", "must be an array of events, of which the first ends the wait", NULL);
	if (events->count > WAIT_MAX_EVENTS)
		refuse(step->place, "events", psprintf("there are %zu; at most %d are allowed", events->count, WAIT_MAX_EVENTS),
			   NULL);
	code->count = events->count;
	code->alternatives = respond_arena_alloc_zero(compiler->arena, sizeof(WaitAlternative) * events->count);
	for (int i = 0; i < code->count; i++)
	{
		const char *place = psprintf("%s.events[%d]", step->place, i);

		code->alternatives[i].place = respond_arena_copy(compiler->arena, place, strlen(place));
		check_members(place, events->items[i]);
		read_alternative(compiler, step, events->items[i], "go_to", &code->alternatives[i]);
	}
}

/* Fields of a single event, beside "events" or without an event. */
static void
refuse_single(const FlowStep *step, const JsonValue *value, const char *fault)
{
	static const char *const fields[] = {"event_type", "pattern", "key", "event_key", "on_event"};

	for (int i = 0; i < lengthof(fields); i++)
		if (respond_step_member(value, fields[i]) != NULL)
			refuse(step->place, fields[i], fault, NULL);
}

static void
read_events(FlowCompiler *compiler, FlowStep *step, const JsonValue *value, WaitCode *code)
{
	const JsonValue *events = respond_step_member(value, "events");

	if (events != NULL)
	{
		refuse_single(step, value, "stands beside \"events\"; write it into an element of \"events\"");
		read_list(compiler, step, events, code);
		return;
	}
	if (respond_step_member(value, "event_type") == NULL)
	{
		refuse_single(step, value, "there is no event to wait for; \"event_type\" is missing");
		return;
	}
	code->count = 1;
	code->alternatives = respond_arena_alloc_zero(compiler->arena, sizeof(WaitAlternative));
	code->alternatives[0].place = step->place;
	read_alternative(compiler, step, value, "on_event", &code->alternatives[0]);
}

static int
read_collect(const FlowStep *step, const JsonValue *value, const WaitCode *code)
{
	char	   *end;
	long		number;

	if (value == NULL)
		return 1;
	number = value->kind == JSON_KIND_NUMBER ? strtol(value->text, &end, 10) : 0;
	if (value->kind != JSON_KIND_NUMBER || *end != '\0' || number < 1 || number > WAIT_MAX_COLLECT)
		refuse(step->place, "collect", psprintf("must be a whole number from 1 to %d", WAIT_MAX_COLLECT), NULL);
	if (code->count == 0)
		refuse(step->place, "collect", "there is no event to wait for; \"event_type\" is missing", NULL);
	return number;
}

static WaitBegin
read_since(const FlowStep *step, const JsonValue *value)
{
	static const char *const words[] = {"previous", "run", "now"};

	if (value == NULL)
		return WAIT_FROM_PREVIOUS;
	for (int i = 0; i < lengthof(words); i++)
		if (value->kind == JSON_KIND_STRING && strcmp(value->text, words[i]) == 0)
			return i;
	refuse(step->place, "since", "must be \"previous\", \"run\" or \"now\"", NULL);
}

/* What a template will give is known when the step runs. */
static bool
is_constant(const FlowStep *step, int parameter)
{
	return step->parameters[parameter].given && respond_template_is_plain(step->parameters[parameter].text);
}

/* The clock of a rule that is read again later says nothing about when it was saved. */
static void
check_limits(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, const WaitCode *code)
{
	Interval	interval;
	TimestampTz time;

	if (step->parameters[WAIT_FOR].given && step->parameters[WAIT_UNTIL].given)
		refuse(step->place, "until", "stands beside \"for\"; only one of them may be given", NULL);
	if (code->count == 0 && !step->parameters[WAIT_FOR].given && !step->parameters[WAIT_UNTIL].given)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: says neither how long nor for which event to wait", step->place),
				 errhint("Give \"for\", \"until\", \"event_type\" or \"events\".")));
	if (is_constant(step, WAIT_FOR))
	{
		const char *text = respond_step_member(value, "for")->text;

		if (!respond_interval_read(text, &interval))
			refuse(step->place, "for", psprintf("\"%s\" is not an interval", text), "Write \"2 days\" or \"90 min\".");
		if (respond_interval_milliseconds(&interval) <= 0)
			refuse(step->place, "for", psprintf("\"%s\" is not a time to wait", text), "It must be longer than 0.");
		if (compiler->check_sql &&
			!respond_interval_add(respond_clock_now(), &interval, compiler->flow->timezone, &time))
			refuse(step->place, "for", psprintf("\"%s\" leads to a time that PostgreSQL does not know", text),
				   "Leave it out to wait without end.");
	}
	if (is_constant(step, WAIT_UNTIL))
	{
		const char *text = respond_step_member(value, "until")->text;

		if (!respond_local_time_read(text, compiler->flow->timezone, &time))
			refuse(step->place, "until", psprintf("\"%s\" is not a time", text),
				   "Write \"2027-01-31 09:00\", or a template.");
		if (compiler->check_sql && time == DT_NOEND)
			refuse(step->place, "until", psprintf("\"%s\" is not a time that comes", text),
				   "Leave it out to wait without end.");
		if (compiler->check_sql && time <= respond_clock_now())
			refuse(step->place, "until", psprintf("\"%s\" is in the past", text), NULL);
	}
}

void
respond_wait_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	WaitCode   *code = respond_arena_alloc_zero(compiler->arena, sizeof(WaitCode));
	const JsonValue *on_timeout = respond_step_member(value, "on_timeout");

	read_events(compiler, step, value, code);
	code->collect = read_collect(step, respond_step_member(value, "collect"), code);
	code->since = read_since(step, respond_step_member(value, "since"));
	check_limits(compiler, step, value, code);
	if (on_timeout != NULL && !step->parameters[WAIT_FOR].given && !step->parameters[WAIT_UNTIL].given)
		refuse(step->place, "on_timeout", "there is no limit; \"for\" or \"until\" is missing", NULL);
	code->on_timeout = respond_step_add_target(compiler, step, "on_timeout", on_timeout);
	step->code = code;
}

const WaitCode *
respond_wait_code(const FlowStep *step)
{
	return step->action->compile == respond_wait_compile ? step->code : NULL;
}

/* No event has such a key, see wait_key.c. */
static bool
is_container(const Template *key, const TemplateValue *root)
{
	TemplateKind kind;

	if (!respond_template_is_single_tag(key))
		return false;
	kind = respond_template_resolve(key, &respond_template_jsonb_source, root).kind;
	return kind == TEMPLATE_ARRAY || kind == TEMPLATE_OBJECT;
}

bool
respond_wait_key_is_container(FlowMachine *machine, const WaitAlternative *alternative)
{
	TemplateValue root;

	if (alternative->key == NULL)
		return false;
	root = respond_context_root(machine);
	return is_container(alternative->key, &root);
}

char *
respond_wait_alternative_key(FlowMachine *machine, const WaitAlternative *alternative)
{
	TemplateValue root;
	const Event *event = machine->run->event;

	if (alternative->key == NULL)
		return pstrdup(event != NULL && event->subject != NULL ? event->subject : "");
	if (respond_wait_key_is_container(machine, alternative))
		return pstrdup("");
	root = respond_context_root(machine);
	return respond_template_render_cstring(alternative->key, &root, TEMPLATE_ESCAPE_NONE, NULL);
}

FlowAwaited *
respond_wait_awaited(const WaitCode *code, int alternative, const char *key)
{
	const WaitAlternative *source = &code->alternatives[alternative];
	FlowAwaited *awaited = palloc(sizeof(FlowAwaited));

	awaited->alternative = alternative;
	awaited->event_type = source->event_type;
	awaited->pattern = source->pattern;
	awaited->event_key = source->event_key;
	awaited->key = key;
	return awaited;
}
