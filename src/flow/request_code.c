/*-------------------------------------------------------------------------
 * request_code.c
 *	  Compiles action "request".
 *
 * A host never comes from data: what the url begins with is there when the rule is
 * saved.
 *
 * src/flow/request_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/numeric.h"

#include "channel/channel.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/pg_compat.h"
#include "flow/parameter_compile.h"
#include "flow/request_code.h"
#include "flow/step_fields.h"
#include "flow/step_span.h"
#include "match/flatten_event.h"
#include "match/pattern_jsonb.h"
#include "message/message_http.h"
#include "template/template_jsonb.h"
#include "wire/http_header.h"
#include "wire/url.h"

/* Where a step says nothing. */
#define USUAL_TIMEOUT_MS	60000
#define USUAL_ATTEMPT_MS	10000
#define USUAL_ATTEMPTS		3
#define USUAL_BODY			(1024 * 1024)

/* Most that it may say. */
#define LONGEST_TIMEOUT_MS	(INT64CONST(86400) * 1000)
#define LARGEST_BODY		(16 * 1024 * 1024)
#define MOST_STATUSES		100

/* How long a call may take if the step does not say, and at most. */
#define USUAL_CALLBACK_MS	(INT64CONST(86400) * 1000)
#define LONGEST_CALLBACK_MS	(INT64CONST(366) * 86400 * 1000)

#define PATTERN_HINT		"A pattern is over {\"status\", \"headers\", \"body\"}."

const char *const respond_request_methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", NULL};

pg_noreturn static void refuse(const FlowStep *step, const char *field, const char *fault, const char *hint);

static void
refuse(const FlowStep *step, const char *field, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s: %s", step->place, field, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* With a channel, what begins with a slash is at its host; the channel may be another one by then. */
static void
check_url(const FlowStep *step, const JsonValue *url)
{
	TemplateRoots nothing = {0, NULL};
	TemplateValue root = respond_template_from_roots(&nothing);
	bool		has_channel = step->parameters[REQUEST_CHANNEL].given;
	char	   *filled;
	char	   *start;
	const char *fault;

	if (url == NULL)
	{
		if (!has_channel)
			refuse(step, "url", "is missing", "Only with \"channel\" it may be left out: the channel has one.");
		return;
	}
	if (has_channel && url->text[0] == '/')
		return;
	start = respond_url_start(url->text);
	if (start == NULL)
		refuse(step, "url", "it has no scheme such as https://",
			   has_channel ? "What begins with a slash is at the host of the channel." :
			   "Scheme, host and port cannot come from data.");
	if (strstr(start, "{{") != NULL)
		refuse(step, "url", "scheme, host and port cannot hold a tag", "Write a step for each host.");
	filled = respond_template_render_cstring(step->parameters[REQUEST_URL].text, &root, TEMPLATE_ESCAPE_URL, NULL);
	fault = respond_url_check(pg_server_to_any(filled, strlen(filled), PG_UTF8), TRANSPORT_HTTP, NULL);
	if (fault != NULL)
		refuse(step, "url", psprintf("it %s", fault), NULL);
}

/* A value that comes from data is looked at when the step runs. */
static void
check_header_value(FlowCompiler *compiler, const FlowStep *step, const JsonMember *header)
{
	char	   *field = psprintf("headers.%s", header->name);
	const char *fault;

	if (header->value->kind == JSON_KIND_OBJECT || header->value->kind == JSON_KIND_ARRAY)
		refuse(step, field, "is not a text", NULL);
	if (header->value->kind != JSON_KIND_STRING ||
		!respond_template_is_plain(respond_parameter_text(compiler, step->place, field, header->value)))
		return;
	fault = respond_message_header_fault(header->name, header->value->text);
	if (fault != NULL)
		refuse(step, field, fault, NULL);
}

static void
check_headers(FlowCompiler *compiler, const FlowStep *step, const JsonValue *headers)
{
	if (headers == NULL || headers->kind != JSON_KIND_OBJECT)
		return;
	for (size_t i = 0; i < headers->count; i++)
	{
		const char *name = headers->members[i].name;
		const char *fault = respond_http_header_check_name(name);

		if (fault != NULL)
			refuse(step, psprintf("headers.%s", name), fault, NULL);
		for (size_t other = 0; other < i; other++)
			if (pg_strcasecmp(headers->members[other].name, name) == 0)
				refuse(step, psprintf("headers.%s", name),
					   psprintf("is the same header as \"%s\"", headers->members[other].name),
					   "Names of headers do not differ by case.");
		check_header_value(compiler, step, &headers->members[i]);
	}
}

static bool
read_whole(const JsonValue *value, long *number)
{
	char	   *end;

	if (value->kind != JSON_KIND_NUMBER)
		return false;
	errno = 0;
	*number = strtol(value->text, &end, 10);
	return *end == '\0' && errno == 0;
}

static int32
read_max_body(const FlowStep *step, const JsonValue *value)
{
	long		number;

	if (value == NULL)
		return USUAL_BODY;
	if (!read_whole(value, &number) || number < 1 || number > LARGEST_BODY)
		refuse(step, "max_body", psprintf("must be a whole number of bytes from 1 to %d", LARGEST_BODY), NULL);
	return (int32) number;
}

/* Adds a status if the value is one; false: it is none. */
static bool
add_status(RequestCode *code, const JsonValue *value)
{
	long		number;

	if (!read_whole(value, &number) || number < 100 || number > 599 || code->status_count >= MOST_STATUSES)
		return false;
	code->statuses[code->status_count++] = (int32) number;
	return true;
}

static void
read_statuses(const FlowStep *step, const JsonValue *expect, RequestCode *code)
{
	if (expect->count == 0 || expect->count > MOST_STATUSES)
		refuse(step, "expect", psprintf("must have 1 to %d statuses", MOST_STATUSES), NULL);
	for (size_t i = 0; i < expect->count; i++)
		if (!add_status(code, expect->items[i]))
			refuse(step, psprintf("expect[%zu]", i), "must be a status from 100 to 599", NULL);
}

/* Whether it is the operator; a pattern may also have a field of that name. */
static bool
is_or(const JsonMember *member)
{
	return strcmp(member->name, "$or") == 0 && member->value->kind == JSON_KIND_ARRAY && member->value->count > 1;
}

/* What an answer does not have is misspelt: no answer would match. */
static void
check_members(const FlowStep *step, const JsonValue *pattern)
{
	if (pattern->kind != JSON_KIND_OBJECT)
		return;
	for (size_t i = 0; i < pattern->count; i++)
	{
		const JsonMember *member = &pattern->members[i];

		if (is_or(member))
			for (size_t item = 0; item < member->value->count; item++)
				check_members(step, member->value->items[item]);
		else if (strcmp(member->name, "status") != 0 && strcmp(member->name, "headers") != 0 &&
				 strcmp(member->name, "body") != 0)
			refuse(step, psprintf("expect.%s", member->name), "an answer has no such member", PATTERN_HINT);
	}
}

/* The courier is told of those that the pattern names, so that it does not try again because of them. */
static void
read_pattern(FlowCompiler *compiler, const FlowStep *step, const JsonValue *expect, RequestCode *code)
{
	Jsonb	   *pattern = respond_json_value_to_jsonb(expect);
	const JsonValue *statuses = respond_step_member(expect, "status");

	respond_pattern_check_jsonb(psprintf("%s.expect", step->place), pattern);
	check_members(step, expect);
	code->pattern = respond_arena_alloc(compiler->arena, VARSIZE(pattern));
	memcpy(code->pattern, pattern, VARSIZE(pattern));
	code->asks_status = statuses != NULL;
	for (size_t i = 0; statuses != NULL && statuses->kind == JSON_KIND_ARRAY && i < statuses->count; i++)
		(void) add_status(code, statuses->items[i]);
}

static void
read_expect(FlowCompiler *compiler, const FlowStep *step, const JsonValue *expect, RequestCode *code)
{
	if (expect == NULL)
		return;
	code->statuses = respond_arena_alloc_zero(compiler->arena, sizeof(int32) * MOST_STATUSES);
	if (expect->kind == JSON_KIND_ARRAY)
		read_statuses(step, expect, code);
	else if (expect->kind == JSON_KIND_OBJECT)
		read_pattern(compiler, step, expect, code);
	else
		refuse(step, "expect", "must be an array of statuses, or a pattern",
			   PATTERN_HINT);
}

/* Limits that a step says about itself, or the usual ones. */
static void
read_limits(FlowStep *step, const JsonValue *value, RequestCode *code)
{
	int64		attempt = respond_step_span(step->place, value, "attempt_timeout", CHANNEL_MAX_TIMEOUT_MS,
											"10 minutes");

	if (step->timeout > LONGEST_TIMEOUT_MS)
		refuse(step, "timeout", "must be an interval from 1 ms to 1 day", NULL);
	code->timeout_ms = step->timeout > 0 ? step->timeout : USUAL_TIMEOUT_MS;
	code->attempt_timeout_ms = attempt > 0 ? (int32) attempt : USUAL_ATTEMPT_MS;
	code->max_attempts = respond_step_member(value, "max_attempts") != NULL ? step->max_attempts : USUAL_ATTEMPTS;
	code->max_body = read_max_body(step, respond_step_member(value, "max_body"));
}

static void
look_for_url(void *state, const TemplatePathUse *use)
{
	bool	   *found = state;

	if (use->root_length == strlen(CALLBACK_URL_ROOT) && memcmp(use->root, CALLBACK_URL_ROOT, use->root_length) == 0)
		*found = true;
}

static void
look_for_url_in_json(void *state, const char *where, const TemplatePathUse *use)
{
	look_for_url(state, use);
}

/* The parameter that names the url to be called; NULL: none does. */
static const char *
find_url(const FlowStep *step)
{
	for (int i = 0; i < REQUEST_PARAMETERS; i++)
	{
		bool		found = false;

		if (step->parameters[i].text != NULL)
			respond_template_each_path(step->parameters[i].text, look_for_url, &found);
		if (step->parameters[i].json != NULL)
			respond_json_template_each_path(step->parameters[i].json, look_for_url_in_json, &found);
		if (found)
			return step->action->parameters[i].name;
	}
	return NULL;
}

static void
read_callback(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, RequestCode *code)
{
	const JsonValue *callback = respond_step_member(value, "callback");
	int64		limit = respond_step_span(step->place, value, "callback_timeout", LONGEST_CALLBACK_MS, "366 days");
	const char *named = find_url(step);

	if (callback != NULL && callback->kind != JSON_KIND_BOOLEAN)
		refuse(step, "callback", "must be true or false", NULL);
	if (callback == NULL || !callback->boolean)
	{
		if (limit > 0)
			refuse(step, "callback_timeout", "is for requests with \"callback\": true", NULL);
		/* a rule that was saved before there were calls goes on */
		if (named != NULL && compiler->check_sql)
			refuse(step, named, "{{" CALLBACK_URL_ROOT "}} is empty without \"callback\": true", NULL);
		return;
	}
	if (named == NULL)
		refuse(step, "callback", "nothing tells the receiver which url to call",
			   "Put {{" CALLBACK_URL_ROOT "}} into \"body\", \"headers\" or \"url\".");
	code->callback_ms = limit > 0 ? limit : USUAL_CALLBACK_MS;
	if (code->callback_ms <= code->timeout_ms)
		refuse(step, "callback_timeout",
			   psprintf("must be longer than the " INT64_FORMAT " ms that the request may take", code->timeout_ms),
			   "\"timeout\" says how long the request may take.");
}

void
respond_request_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	RequestCode *code = respond_arena_alloc_zero(compiler->arena, sizeof(RequestCode));

	check_url(step, respond_step_member(value, "url"));
	check_headers(compiler, step, respond_step_member(value, "headers"));
	read_limits(step, value, code);
	read_expect(compiler, step, respond_step_member(value, "expect"), code);
	read_callback(compiler, step, value, code);
	step->code = code;
}

static bool
matches(Jsonb *pattern, Jsonb *answer)
{
	ArenaSource source = respond_arena_source_in(CurrentMemoryContext);
	Matcher    *matcher = respond_matcher_begin(&source);
	PatternError error;
	MatchState *state;
	const int  *found;
	int			count;

	if (!respond_matcher_add_jsonb(matcher, 0, NULL, pattern, &error))
		respond_pattern_report("expect", &error);
	respond_matcher_finish(matcher);
	state = respond_matcher_state_create(matcher, &source);
	respond_matcher_state_prepare(state);
	respond_flatten_document(respond_state_event(state), answer);
	respond_matcher_match(state, &found, &count);
	return count > 0;
}

static bool
has_status(const RequestCode *code, int32 status)
{
	if (code->pattern != NULL && code->asks_status)
		return true;
	if (code->pattern != NULL || code->status_count == 0)
		return status >= 200 && status <= 299;
	for (int i = 0; i < code->status_count; i++)
		if (code->statuses[i] == status)
			return true;
	return false;
}

const char *
respond_request_judge(const RequestCode *code, int32 status, Jsonb *answer)
{
	if (!has_status(code, status))
		return psprintf("the receiver answered %d%s", status,
						status >= 200 && status <= 299 ? ", which is not expected" :
						status >= 300 && status <= 399 ? "; redirects are not followed" : "");
	if (code->pattern != NULL && !matches(code->pattern, answer))
		return psprintf("the receiver answered %d, and the answer does not match \"expect\"", status);
	return NULL;
}
