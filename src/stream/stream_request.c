/*-------------------------------------------------------------------------
 * stream_request.c
 *	  What a request for a stream asks for.
 *
 * src/stream/stream_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/arena_server.h"
#include "common/recode.h"
#include "companion/problem.h"
#include "event/name_check.h"
#include "match/pattern_jsonb.h"
#include "rest/query_text.h"
#include "stream/stream_request.h"

static WebAnswer *
refuse(Arena *arena, const char *parameter, const char *detail, const char *remedy)
{
	ProblemPlace place = {.parameter = parameter,.detail = detail};

	return respond_problem_at(arena, 400, psprintf("Parameter %s: %s.", parameter, detail), remedy, &place, 1);
}

/* Text of the database as UTF-8, with its end. */
static const char *
utf8(const char *text)
{
	size_t		length = strlen(text);
	const char *converted = respond_to_utf8(text, &length);

	return converted == text ? text : pnstrdup(converted, length);
}

typedef struct Check
{
	const char *text;			/* of the database */
	Jsonb	   *pattern;
} Check;

static void
check_type(void *argument)
{
	respond_name_check_event_type(((Check *) argument)->text);
}

static void
read_json(void *argument)
{
	Check	   *check = argument;

	check->pattern = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(check->text)));
}

/*
 * Calls the function; what it raises about the text is what is wrong with it.
 * Nothing but memory is touched by that.
 */
static WebAnswer *
check_with(Arena *arena, void (*function) (void *argument), Check *check, const char *parameter)
{
	MemoryContext context = CurrentMemoryContext;
	WebAnswer  *volatile answer = NULL;

	PG_TRY();
	{
		function(check);
	}
	PG_CATCH();
	{
		ErrorData  *error;
		int			class = ERRCODE_TO_CATEGORY(geterrcode());

		if (class == ERRCODE_INSUFFICIENT_RESOURCES || class == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (error->detail != NULL)
			error->message = psprintf("%s (%s)", error->message, error->detail);
		answer = refuse(arena, parameter, utf8(error->message), error->hint != NULL ? utf8(error->hint) : NULL);
	}
	PG_END_TRY();
	return answer;
}

static WebAnswer *
check_pattern(Arena *arena, Jsonb *pattern)
{
	ArenaSource source = respond_arena_source_in(CurrentMemoryContext);
	PatternError error;
	const char *place;

	if (respond_matcher_add_jsonb(respond_matcher_begin(&source), 0, NULL, pattern, &error))
		return NULL;
	place = psprintf("%s%s: %s", error.place, error.place[0] != '\0' ? "" : "at its top", error.message);
	return refuse(arena, "pattern", utf8(place), utf8(error.hint));
}

static WebAnswer *
read_pattern(Arena *arena, const char *text, StreamRequest *wanted)
{
	Check		check = {text, NULL};
	WebAnswer  *answer = check_with(arena, read_json, &check, "pattern");

	if (answer == NULL)
		answer = check_pattern(arena, check.pattern);
	if (answer == NULL)
		wanted->pattern = check.pattern;
	return answer;
}

static WebAnswer *
read_type(Arena *arena, const char *text, StreamRequest *wanted)
{
	Check		check = {text, NULL};
	WebAnswer  *answer = check_with(arena, check_type, &check, "type");

	if (answer == NULL)
		wanted->type = text;
	return answer;
}

static bool
is_known(const char *name)
{
	return strcmp(name, "type") == 0 || strcmp(name, "pattern") == 0;
}

static WebAnswer *
read_parameter(Arena *arena, const WebParameter *parameter, StreamRequest *wanted)
{
	bool		is_type = strcmp(parameter->name, "type") == 0;
	const char *text;

	if (!pg_verify_mbstr(PG_UTF8, parameter->value, (int) strlen(parameter->value), true))
		return refuse(arena, parameter->name, "it is not UTF-8", NULL);
	text = respond_from_utf8_whole(parameter->value);
	/* no event has them; with others in their places it would ask for other events */
	if (text == NULL)
		return refuse(arena, parameter->name,
					  psprintf("it has characters that encoding %s of the database lacks", GetDatabaseEncodingName()),
					  NULL);
	return is_type ? read_type(arena, text, wanted) : read_pattern(arena, text, wanted);
}

WebAnswer *
respond_stream_request_read(Arena *arena, const WebRequest *request, StreamRequest *wanted)
{
	WebQuery	query;
	const char *flaw = respond_query_read(arena, request->query, &query);
	WebAnswer  *answer = NULL;

	memset(wanted, 0, sizeof(StreamRequest));
	if (flaw != NULL)
		return respond_problem(arena, 400, psprintf("The query %s.", flaw));
	for (int i = 0; i < query.count && answer == NULL; i++)
		answer = is_known(query.parameters[i].name) ? read_parameter(arena, &query.parameters[i], wanted) :
			refuse(arena, "query", "it has a parameter that is not known", "Known ones are type and pattern.");
	wanted->place = respond_web_field(request, "last-event-id");
	if (wanted->place != NULL && wanted->place[0] == '\0')
		wanted->place = NULL;
	return answer;
}
