/*-------------------------------------------------------------------------
 * place.c
 *	  Where this dispatcher stands in the order of events.
 *
 * src/dispatcher/place.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/arena_server.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/life.h"
#include "dispatcher/place.h"
#include "dispatcher/progress.h"

static const Window *current_window = NULL;
static int	handled = 0;

/* Where it goes on as if it stood there; both NULL: nowhere but here. */
static Jsonb *past_document = NULL;
static const Window *past_window = NULL;
static int	past_handled = 0;
static bool past_is_noted = false;

void
respond_place_return(void)
{
	past_document = NULL;
	past_window = NULL;
}

void
respond_place_set(const Window *window, int next)
{
	current_window = window;
	handled = next;
	respond_place_return();
}

void
respond_place_go_back(Jsonb *place)
{
	past_document = place;
	past_window = NULL;
}

void
respond_place_go_back_in(const Window *window, int next, bool noted)
{
	past_document = NULL;
	past_window = window;
	past_handled = next;
	past_is_noted = noted;
}

bool
respond_place_is_past(void)
{
	return past_document != NULL || past_window != NULL;
}

Cursor *
respond_place_cursor(Arena *arena)
{
	return respond_window_cursor(arena, current_window, handled);
}

static void
push_cursor(JsonbParseState **state, int64 incarnation, const Cursor *cursor)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "incarnation", incarnation);
	respond_jsonb_push_text(state, "cursor",
							DatumGetCString(DirectFunctionCall1(pg_snapshot_out, respond_progress_datum(cursor))));
}

/* Of what comes after its snapshot, the log tells which is behind the event. */
Jsonb *
respond_place_of_new(int64 event)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Cursor	   *cursor = respond_progress_snapshot(arena);
	JsonbParseState *state = NULL;

	cursor = respond_cursor_without(arena, cursor, U64FromFullTransactionId(GetTopFullTransactionId()));
	push_cursor(&state, respond_life_incarnation(), cursor);
	respond_jsonb_push_int64(&state, "behind", event);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_place_save(void)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Cursor	   *cursor;
	JsonbParseState *state = NULL;

	if (past_document != NULL)
		return past_document;
	cursor = past_window != NULL ? respond_window_cursor(arena, past_window, past_handled) :
		respond_place_cursor(arena);
	push_cursor(&state, (past_window != NULL ? past_window : current_window)->incarnation, cursor);
	if (cursor->split_xid != 0)
	{
		respond_jsonb_push_int64(&state, "split_xid", cursor->split_xid);
		respond_jsonb_push_int64(&state, "split_id", cursor->split_id);
	}
	if (past_window != NULL && !past_is_noted)
		respond_jsonb_push_boolean(&state, "read", true);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Cursor *
respond_place_restore(Arena *arena, Jsonb *place, int64 *incarnation, int64 *behind)
{
	JsonbContainer *document = respond_jsonb_root(place);
	char	   *snapshot = respond_jsonb_find_text(document, "cursor");
	Cursor	   *cursor;

	if (snapshot == NULL)
		return NULL;
	*incarnation = respond_jsonb_find_int64(document, "incarnation");
	if (*incarnation == RESPOND_LIFE_UNKNOWN)
		return NULL;
	cursor = respond_progress_cursor(arena, DirectFunctionCall1(pg_snapshot_in, CStringGetDatum(snapshot)));
	cursor->split_xid = respond_jsonb_find_int64(document, "split_xid");
	cursor->split_id = respond_jsonb_find_int64(document, "split_id");
	*behind = respond_jsonb_find_int64(document, "behind");
	return cursor;
}

/* What is behind an event is found out by whoever looks back. */
bool
respond_place_is_passed(Arena *arena, const Cursor *here, Jsonb *place)
{
	int64		incarnation;
	int64		behind;
	const Cursor *cursor = respond_place_restore(arena, place, &incarnation, &behind);

	return cursor == NULL || incarnation != respond_life_incarnation() || respond_cursor_contains(here, cursor);
}
