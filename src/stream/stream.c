/*-------------------------------------------------------------------------
 * stream.c
 *	  Events as they come, for those who follow them over HTTP.
 *
 * One pass over the log serves all streams that have had all there was: the
 * live ones.  A stream that comes back with a place reads for itself what it has
 * missed, a piece in each turn, and joins them when it has come as far.
 *
 * A turn is one transaction.  Between turns there is no snapshot; a commit that
 * records events sets the latch of this process as it does that of a
 * dispatcher.  Who may see what is asked anew whenever roles, rights or tokens
 * have changed, before anything is sent.
 *
 * src/stream/stream.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/mask.h"
#include "common/arena_server.h"
#include "common/life.h"
#include "common/metric.h"
#include "common/shape.h"
#include "common/shmem.h"
#include "companion/problem.h"
#include "companion/protocol.h"
#include "dispatcher/reader.h"
#include "event/log_access.h"
#include "event/wake.h"
#include "stream/sse_text.h"
#include "stream/stream.h"
#include "stream/stream_feed.h"
#include "stream/stream_list.h"
#include "stream/stream_request.h"
#include "stream/stream_resume.h"
#include "stream/stream_token.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* How long nothing may be sent, in ms. */
#define BEAT_EVERY			15000

/*
 * A stream gets pieces of so many bytes, and so many bytes a second: as fast as
 * most can read, so that they are not cut off for being slow.
 */
#define PIECE				((size_t) 128 * 1024)
#define LIVE_RATE			(16 * 1024 * 1024)
#define LATE_RATE			(8 * 1024 * 1024)

/* Time of a turn for those who are late, in us. */
#define LATE_TIME			5000

/* How soon to ask again whether a standby has confirmed, in ms. */
#define HELD_PAUSE			10

/* How soon to ask again whether the log is free, in ms. */
#define LOCKED_PAUSE		100

#define MOST_STREAMS		PROTOCOL_MAX_STREAMS

static StreamReader live;		/* closed while there are no streams */
static int64 live_incarnation;
static uint64 live_changes;		/* of the log, when what the live ones need was last seen to be there */
static uint64 seen_wakes;
static uint64 seen_rights;
static bool is_greeting_due;
static TimestampTz beaten_at;
static TimestampTz not_before;	/* when the live ones get the next piece */
static TimestampTz locked_until;	/* when to ask again whether the log is free */

/* Commits wake this process as long as it is named in the database's entry. */
static void
announce(bool open)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	if (database != NULL)
		pg_atomic_write_u32(&database->streams, open ? (uint32) (respond_worker_slot - respond_shared->slots) + 1 : 0);
}

static void
close_if_empty(void)
{
	if (respond_stream_count() > 0 || live.context == NULL)
		return;
	announce(false);
	respond_stream_reader_close(&live);
}

bool
respond_stream_is_open(void)
{
	return respond_stream_count() > 0;
}

static void
begin_transaction(void)
{
	respond_worker_begin();
	respond_shape_require_all();
}

static void
take_snapshot(void)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	respond_stream_reader_begin_turn();
	respond_mask_forget_events();
}

static void
end_transaction(void)
{
	respond_reader_release();
	PopActiveSnapshot();
	respond_worker_commit();
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* The first stream begins behind all that is there now. */
static void
open_live(int64 since)
{
	if (live.context != NULL)
		return;
	announce(true);
	seen_wakes = respond_wake_count();
	live_incarnation = respond_life_incarnation();
	live_changes = respond_log_changes();
	respond_stream_reader_open(&live, NULL, since);
	beaten_at = GetCurrentTimestamp();
}

static WebAnswer *
begin_answer(Arena *arena)
{
	WebAnswer  *answer = respond_web_answer(arena, 200, SSE_CONTENT_TYPE, "", 0);

	respond_web_answer_field(arena, answer, "Cache-Control", "no-store");
	/* nginx would collect what it sends on */
	respond_web_answer_field(arena, answer, "X-Accel-Buffering", "no");
	return answer;
}

static WebAnswer *
refuse_method(Arena *arena)
{
	WebAnswer  *answer = respond_problem(arena, 405, "Streams are read with GET.");

	respond_web_answer_field(arena, answer, "Allow", "GET");
	return answer;
}

static WebAnswer *
refuse_count(Arena *arena)
{
	WebAnswer  *answer = respond_problem(arena, 503, "There are too many streams.");

	respond_web_answer_field(arena, answer, "Retry-After", "30");
	return answer;
}

/* NULL: the stream is open. */
static WebAnswer *
open_stream(Arena *arena, const WebRequest *request, int64 since)
{
	StreamRequest wanted;
	WebAnswer  *answer;
	const Token *token = respond_token_check(arena, request, STREAM_SCOPE, &answer);
	Stream	   *stream;

	if (token == NULL)
		return answer;
	answer = respond_stream_request_read(arena, request, &wanted);
	if (answer != NULL)
		return answer;
	if (respond_stream_sight(token->role) == SIGHT_NOTHING)
		return respond_problem(arena, 403, "The role of the token may not read the event log.");
	open_live(since);
	stream = respond_stream_add(request->id, token, wanted.type, wanted.pattern);
	stream->group->sight = respond_stream_sight(token->role);
	if (wanted.place != NULL)
		respond_stream_delay(stream, wanted.place);
	is_greeting_due = true;
	return NULL;
}

bool
respond_stream_begin(Arena *arena, const WebRequest *request, WebAnswer **answer)
{
	int64		since;

	*answer = NULL;
	if (strcmp(request->method, "GET") != 0)
		*answer = refuse_method(arena);
	else if (respond_stream_count() >= MOST_STREAMS)
		*answer = refuse_count(arena);
	if (*answer != NULL)
		return false;
	since = respond_stream_resume_since();
	begin_transaction();
	take_snapshot();
	*answer = open_stream(arena, request, since);
	end_transaction();
	if (*answer != NULL)
		return false;
	*answer = begin_answer(arena);
	return true;
}

void
respond_stream_gone(uint64_t request)
{
	Stream	   *stream = respond_stream_find(request);

	if (stream != NULL)
		respond_stream_remove(stream);
	close_if_empty();
}

void
respond_stream_cut(uint64_t request)
{
	if (respond_stream_find(request) != NULL)
		respond_metric_add(METRIC_STREAMS_CUT, 1);
	respond_stream_gone(request);
}

static void
remove_stream(Stream *stream, void *context)
{
	respond_stream_remove(stream);
}

void
respond_stream_gone_all(void)
{
	respond_stream_each(remove_stream, NULL);
	close_if_empty();
}

static void
end_stream(Stream *stream, void *context)
{
	respond_stream_end(stream, context);
}

static void
end_if_bad(Stream *stream, void *context)
{
	if (!stream->token->is_good || stream->group->sight == SIGHT_NOTHING)
		respond_stream_end(stream, context);
}

/* Ends streams whose tokens or roles are not good for them any more. */
static void
check_rights(bool tokens, FrameBuffer *out)
{
	bool		roles = seen_rights != respond_stream_rights_changes();

	seen_rights = respond_stream_rights_changes();
	if (!respond_stream_tokens_check(tokens || roles) && !roles)
		return;
	for (int i = 0; i < respond_stream_group_count(); i++)
	{
		StreamGroup *group = respond_stream_group_get(i);

		if (group != NULL)
			group->sight = respond_stream_sight(group->role);
	}
	respond_stream_each(end_if_bad, out);
}

static void
reset_stream(Stream *stream, void *context)
{
	stream->reset = context;
}

/* After release() everything here is another database's: whoever follows has to look anew. */
static void
check_life(int64 since)
{
	StreamPlace place = {.incarnation = live_incarnation};
	const char *fault;

	if (live_incarnation == respond_life_incarnation())
		return;
	fault = respond_stream_resume_fault(NULL, &place);
	respond_stream_reader_close(&live);
	open_live(since);
	respond_stream_each(reset_stream, unconstify(char *, fault));
	is_greeting_due = true;
}

static void
reset_live(Stream *stream, void *context)
{
	if (stream->late == NULL)
		stream->reset = respond_stream_fault_retention;
}

/*
 * The live ones wait for standbys, and for whoever has the log locked, for hours if need be; what has been
 * dropped meanwhile they have missed.
 */
static void
check_log(int64 since)
{
	if (live_changes == respond_log_changes())
		return;
	live_changes = respond_log_changes();
	if (respond_stream_resume_is_kept(respond_stream_reader_has_caught_up(&live) ? live.window_since : live.since))
		return;
	respond_stream_reader_close(&live);
	open_live(since);
	respond_stream_each(reset_live, NULL);
	is_greeting_due = true;
}

/* These have missed something: they go on with what comes. */
static void
reset_late(StreamLate *late, const char *fault)
{
	for (int i = 0; i < late->count; i++)
		late->streams[i]->reset = fault;
	respond_stream_late_join(late);
	is_greeting_due = true;
}

/* Why they cannot go on; NULL: they can, and their reader is open. */
static const char *
open_late(StreamLate *late)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	StreamPlace place;
	const char *fault;

	if (late->reader.context != NULL)
	{
		if (late->changes == respond_log_changes() || respond_stream_resume_is_kept(late->reader.since))
			return NULL;
		return respond_stream_fault_retention;
	}
	if (!respond_stream_place_read(arena, late->place, &place))
		return respond_stream_fault_place;
	fault = respond_stream_resume_fault(arena, &place);
	if (fault != NULL)
		return fault;
	/* who comes now with that place begins later */
	pfree(late->place);
	late->place = NULL;
	late->changes = respond_log_changes();
	respond_stream_reader_open(&late->reader, place.cursor, place.since);
	return NULL;
}

static void
serve_late(StreamLate *late, int64 since, FrameBuffer *out)
{
	const char *fault = open_late(late);

	if (fault != NULL)
	{
		reset_late(late, fault);
		respond_stream_greet(&live, out);
		return;
	}
	late->changes = respond_log_changes();
	respond_stream_reader_look(&late->reader, since);
	late->not_before = GetCurrentTimestamp() +
		respond_stream_feed(&late->reader, late, PIECE, out) * USECS_PER_SEC / LATE_RATE;
	if (late->reader.held)
		late->not_before += HELD_PAUSE * 1000;
	/* both have read what this snapshot sees, and nothing else */
	if (respond_stream_reader_is_done(&late->reader) && respond_stream_reader_is_done(&live))
		respond_stream_late_join(late);
	else
		respond_stream_late_turn(late);
}

static bool
is_full(const FrameBuffer *out)
{
	return out->end - out->start > STREAM_MOST_UNSENT;
}

/*
 * Milliseconds until the first of those who are late may get something; below 0:
 * nobody is late.  They take turns, so the others wait about as long.
 */
static long
late_wait(void)
{
	const StreamLate *late = respond_stream_late_first();

	return late == NULL ? -1 : TimestampDifferenceMilliseconds(GetCurrentTimestamp(), late->not_before);
}

static void
serve_all_late(int64 since, FrameBuffer *out)
{
	instr_time	start;
	instr_time	now;

	INSTR_TIME_SET_CURRENT(start);
	while (late_wait() == 0 && !is_full(out))
	{
		serve_late(respond_stream_late_first(), since, out);
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (INSTR_TIME_GET_MICROSEC(now) > LATE_TIME)
			break;
	}
}

static bool
is_beat_due(void)
{
	return TimestampDifferenceExceeds(beaten_at, GetCurrentTimestamp(), BEAT_EVERY);
}

static void
feed_live(FrameBuffer *out)
{
	size_t		bytes = respond_stream_feed(&live, NULL, PIECE, out);

	not_before = 0;
	if (live.held)
		not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), HELD_PAUSE);
	else if (bytes >= PIECE)
		not_before = GetCurrentTimestamp() + bytes * USECS_PER_SEC / LIVE_RATE;
}

/* Nothing can be read now; connections are kept. */
static void
beat_only(bool beat, FrameBuffer *out)
{
	if (!beat)
		return;
	beaten_at = GetCurrentTimestamp();
	respond_stream_beat(NULL, out);
}

/*
 * Webhooks of this lane must not wait for whoever has a part of the log locked, however old the
 * part: streams do.
 */
static bool
lock_log(void)
{
	if (respond_log_try_lock())
		return true;
	locked_until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOCKED_PAUSE);
	return false;
}

static void
serve(bool beat, FrameBuffer *out)
{
	int64		since = respond_stream_resume_since();
	uint64		wakes = respond_wake_count();

	begin_transaction();
	if (!lock_log())
	{
		respond_worker_commit();
		pgstat_report_activity(STATE_IDLE, NULL);
		beat_only(beat, out);
		return;
	}
	take_snapshot();
	check_life(since);
	check_log(since);
	check_rights(beat, out);
	if (is_greeting_due)
		respond_stream_greet(&live, out);
	is_greeting_due = false;
	respond_stream_reader_look(&live, since);
	feed_live(out);
	if (respond_stream_reader_is_done(&live))
		seen_wakes = wakes;
	serve_all_late(since, out);
	if (beat)
	{
		if (respond_stream_reader_is_done(&live))
			respond_stream_reader_settle(&live);
		respond_stream_beat(&live, out);
		beaten_at = GetCurrentTimestamp();
	}
	end_transaction();
}

/* Rolls back, says so, and ends all streams: whoever followed comes back with his place. */
static void
recover(MemoryContext context, FrameBuffer *out)
{
	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(context);
	respond_worker_failed(geterrcode());
	pg_atomic_fetch_add_u64(&respond_worker_slot->errors, 1);
	EmitErrorReport();
	FlushErrorState();
	respond_reader_forget();
	AbortOutOfAnyTransaction();
	respond_mask_forget_events();
	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_IDLE, NULL);
	RESUME_INTERRUPTS();
	respond_stream_each(end_stream, out);
}

static bool
has_work(void)
{
	if (GetCurrentTimestamp() < locked_until)
		return false;
	if (is_greeting_due || late_wait() == 0)
		return true;
	if (GetCurrentTimestamp() < not_before)
		return false;
	return seen_wakes != respond_wake_count() || live.window == NULL || live.window->next < live.window->count;
}

static bool
turn(bool beat, FrameBuffer *out)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "pg_respond stream turn", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	PG_TRY();
	{
		serve(beat, out);
		respond_worker_succeeded();
	}
	PG_CATCH();
	{
		recover(context, out);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	close_if_empty();
	return respond_stream_is_open() && has_work();
}

bool
respond_stream_turn(FrameBuffer *out)
{
	bool		beat;

	if (!respond_stream_is_open() || is_full(out))
		return false;
	beat = is_beat_due();
	if (!beat && !has_work())
		return false;
	/* on hold nothing goes out; connections are kept */
	if (respond_worker_on_hold())
	{
		beat_only(beat, out);
		return false;
	}
	return turn(beat, out);
}

long
respond_stream_due(const FrameBuffer *out)
{
	long		due;

	if (!respond_stream_is_open())
		return -1;
	due = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
										  TimestampTzPlusMilliseconds(beaten_at, BEAT_EVERY)) + 1;
	if (respond_worker_on_hold() || is_full(out))
		return due;
	if (has_work())
		return 0;
	if (locked_until > GetCurrentTimestamp())
		return Min(due, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), locked_until) + 1);
	if (not_before > GetCurrentTimestamp())
		due = Min(due, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), not_before) + 1);
	return late_wait() > 0 ? Min(due, late_wait()) : due;
}
