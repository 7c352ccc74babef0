/*-------------------------------------------------------------------------
 * pause_words.c
 *	  What a run waits for, in words.
 *
 * src/flow/pause_words.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "common/jsonb_push.h"
#include "flow/loop_code.h"
#include "flow/pause_words.h"

/* A list of words, each once; a wait has few alternatives. */
typedef struct Words
{
	List	   *words;
	StringInfoData text;
} Words;

static void
add_word(Words *words, const char *word, const char *separator)
{
	ListCell   *cell;

	if (words->words == NIL)
		initStringInfo(&words->text);
	foreach(cell, words->words)
		if (strcmp(lfirst(cell), word) == 0)
			return;
	appendStringInfo(&words->text, "%s%s", words->words != NIL ? separator : "", word);
	words->words = lappend(words->words, unconstify(char *, word));
}

static const char *
event_words(const FlowPause *pause)
{
	Words		types = {NIL};
	ListCell   *cell;

	foreach(cell, pause->events)
		add_word(&types, ((FlowAwaited *) lfirst(cell))->event_type, " or ");
	return types.words != NIL ? psprintf("event %s", types.text.data) : "event";
}

/* NULL: it waits for no event. */
static const char *
keys(const FlowPause *pause)
{
	Words		keys = {NIL};
	ListCell   *cell;

	foreach(cell, pause->events)
		add_word(&keys, ((FlowAwaited *) lfirst(cell))->key, ", ");
	return keys.words != NIL ? keys.text.data : NULL;
}

/* The attempts that the position counts have failed. */
static const char *
retry_words(const FlowMachine *machine)
{
	const FlowPosition *position = &machine->position;
	const FlowPart *part;
	const FlowStep *step = respond_machine_step(machine, &part);

	return psprintf("attempt %d of %d", position->attempts + 1, step->max_attempts);
}

static const char *
words_of(const FlowMachine *machine)
{
	const FlowPause *pause = machine->pause;

	if (pause->what != NULL)
		return pause->what;
	if (strcmp(pause->waits_for, PAUSE_EVENT) == 0)
		return event_words(pause);
	if (strcmp(pause->waits_for, PAUSE_RETRY) == 0)
		return retry_words(machine);
	return pause->waits_for;
}

static Jsonb *
make(const char *what, const char *key)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "for", what);
	if (key != NULL)
		respond_jsonb_push_text(&state, "key", key);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

void
respond_pause_words(const FlowMachine *machine, Jsonb **waiting, Jsonb **shown)
{
	const FlowPause *pause = machine->pause;
	const char *what = words_of(machine);

	*waiting = make(what, keys(pause));
	*shown = make(pause->shown_what != NULL ? pause->shown_what : what, NULL);
}
