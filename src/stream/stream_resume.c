/*-------------------------------------------------------------------------
 * stream_resume.c
 *	  Whether somebody who comes back with a place has missed nothing.
 *
 * A place is of one database and of one history of the server.  A server that
 * took over from another has the history of that one up to some point of the WAL,
 * and gives out the same transaction ids for others behind it; so has one that
 * was restored to a point in time.  And what a place does not cover must still be
 * there: partitions that were dropped end before the first that is left begins.
 *
 * src/stream/stream_resume.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/timeline.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "miscadmin.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/life.h"
#include "common/pg_compat.h"
#include "dispatcher/progress.h"
#include "stream/stream_resume.h"
#include "upkeep/partition.h"

/* How long the start of the oldest transaction is good: later ones begin later. */
#define KNOWN_FOR_MS		1000

static const char fault_database[] = "database";
static const char fault_history[] = "history";
const char respond_stream_fault_place[] = "place";
const char respond_stream_fault_retention[] = "retention";

static int64
seconds_since_1970(TimestampTz time)
{
	return time / USECS_PER_SEC + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

static bool
is_of_this_history(const StreamPlace *place)
{
	TimeLineID	timeline = GetWALInsertionTimeLine();

	if (place->wal == 0 || place->wal > GetXLogInsertRecPtr() || place->timeline > timeline ||
		place->cursor->xmax > U64FromFullTransactionId(ReadNextFullTransactionId()))
		return false;
	/* the last byte before it counts: another timeline may begin right there */
	return place->timeline == timeline ||
		tliOfPointInHistory(place->wal - 1, readTimeLineHistory(timeline)) == place->timeline;
}

/* Whether it covers a transaction that is open: nobody was given such a place. */
static bool
covers_open_ones(Arena *arena, const Cursor *cursor)
{
	const Cursor *snapshot = respond_progress_snapshot(arena);

	for (size_t i = 0; i < snapshot->count; i++)
		if (respond_cursor_covers(cursor, snapshot->running[i]))
			return true;
	return cursor->xmax > snapshot->xmax;
}

static const TimedTable *
event_log(void)
{
	const TimedTable *table = respond_timed_tables;

	while (!table->is_log)
		table++;
	return table;
}

bool
respond_stream_resume_is_kept(int64 since)
{
	PartitionList *list = respond_partition_list(event_log());

	return list->count == 0 || list->items[0].lower == DT_NOBEGIN || since >= seconds_since_1970(list->items[0].lower);
}

const char *
respond_stream_resume_fault(Arena *arena, const StreamPlace *place)
{
	if (place->incarnation != respond_life_incarnation())
		return fault_database;
	if (!is_of_this_history(place) || covers_open_ones(arena, place->cursor))
		return fault_history;
	return respond_stream_resume_is_kept(place->since) ? NULL : respond_stream_fault_retention;
}

const char *
respond_stream_resume_words(const char *fault)
{
	if (fault == fault_database)
		return "The place is of another database, or of one from which this one was restored.";
	if (fault == fault_history)
		return "The place is of a history of the server that is not this one's.";
	if (fault == respond_stream_fault_retention)
		return "Events after the place have been dropped.";
	return "No stream ever sent this place.";
}

/*
 * A transaction that was prepared, or hides when it began (track_activities), is
 * not known of.
 */
int64
respond_stream_resume_since(void)
{
	static TimestampTz known = 0;
	static TimestampTz known_at = 0;
	TimestampTz now = GetCurrentTimestamp();
	int			count;

	if (known_at != 0 && now >= known_at && !TimestampDifferenceExceeds(known_at, now, KNOWN_FOR_MS))
		return seconds_since_1970(known);
	known = known_at = now;
	pgstat_clear_backend_activity_snapshot();
	count = pgstat_fetch_stat_numbackends();
	for (int i = 1; i <= count; i++)
	{
		const LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);

		if (local != NULL && local->backendStatus.st_databaseid == MyDatabaseId &&
			local->backendStatus.st_procpid != MyProcPid && local->backendStatus.st_xact_start_timestamp != 0)
			known = Min(known, local->backendStatus.st_xact_start_timestamp);
	}
	pgstat_clear_backend_activity_snapshot();
	known += respond_clock_ahead();
	return seconds_since_1970(known);
}

/*
 * The next record may begin behind the head of a page, up to which nothing can be
 * flushed before there is a record.
 */
uint64
respond_stream_resume_wal(void)
{
	XLogRecPtr	next = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(next, wal_segment_size) == SizeOfXLogLongPHD)
		return next - SizeOfXLogLongPHD;
	if (next % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		return next - SizeOfXLogShortPHD;
	return next;
}

void
respond_stream_resume_mark(StreamPlace *place)
{
	place->incarnation = respond_life_incarnation();
	place->timeline = GetWALInsertionTimeLine();
}
