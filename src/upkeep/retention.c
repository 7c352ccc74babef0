/*-------------------------------------------------------------------------
 * retention.c
 *	  Letting go of history that is older than it need be.
 *
 * History leaves by dropping partitions.  Before that, nothing in it may be
 * left to do: of the event log, each transaction in the partition must be
 * covered by the cursors of all lanes, and no event may be queued to be handled
 * again, or have been heard by a run that has yet to go on with it; of the runs,
 * all must have ended.  A partition that is not done stays
 * until it is.
 *
 * The partition is locked against writers while that is checked; nobody writes
 * to one that old.  Dropping it locks the whole table for a moment.  Whoever
 * comes meanwhile waits, so the wait for that lock is short, and it is tried
 * again later.
 *
 * The default partition has rows only of the first minute and of times when the
 * clock could not work.  They age together: it is emptied when the last of them
 * is too old.  That of the audit log stays, because it refuses to be changed.
 *
 * src/upkeep/retention.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/guc.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "dispatcher/progress.h"
#include "event/event_guard.h"
#include "upkeep/partition.h"
#include "upkeep/retention.h"
#include "upkeep/statement.h"
#include "worker/worker.h"

#define LOCK_WAIT_MS		100
#define LONGEST_PAUSE_US	USECS_PER_HOUR
#define SHORTEST_PAUSE_US	USECS_PER_MINUTE

/* Blocks of a table that one transaction deletes old rows from. */
#define BLOCKS_AT_ONCE		128

/* A plain table whose old rows are deleted. */
typedef struct AgingTable
{
	const char *schema;
	const char *name;
	const char *is_old;			/* $1 is the time up to which they are */
} AgingTable;

/* In this order; answers go with their question, which stays as long as it is open. */
static const AgingTable aging_tables[] = {
	{"respond_internal", "event_key", "recorded_at OPERATOR(pg_catalog.<) $1"},
	{"respond_internal", "dead_event", "at OPERATOR(pg_catalog.<) $1"},
	{"respond_internal", "acknowledged", "at OPERATOR(pg_catalog.<) $1"},
	{"respond", "approval", "ended_at OPERATOR(pg_catalog.<) $1"},
	{"respond", "approval_vote", "voted_at OPERATOR(pg_catalog.<) $1 AND NOT EXISTS"
	" (SELECT FROM respond.approval AS a WHERE a.id OPERATOR(pg_catalog.=) approval_id)"},
};

/* What has passed before any run was armed that may have to hear it; however long events are kept. */
static const AgingTable passed_table = {
	"respond_internal", "passed",
	"id OPERATOR(pg_catalog.<=) (SELECT coalesce(pg_catalog.min(w.passed_from), 9223372036854775807)"
	" FROM respond_internal.wait AS w WHERE w.passed_from IS NOT NULL) AND $1 IS NOT NULL"
};

/* Until then a second click is answered in the right words; the room of links stands behind this one. */
#define LINK_GRACE_DAYS		30

static const AgingTable link_table = {
	"respond_internal", "link", "LEAST(used_at, expires_at) OPERATOR(pg_catalog.<) $1"
};

/* A step takes its row away when it ends; this is for runs that somebody has deleted. */
static const AgingTable callback_table = {
	"respond_internal", "callback",
	"due_at OPERATOR(pg_catalog.<) $1 AND NOT EXISTS (SELECT FROM respond.run AS r"
	" WHERE r.id OPERATOR(pg_catalog.=) run_id AND r.status OPERATOR(pg_catalog.=) ANY ('{running,waiting}'))"
};

static Cursor *
handled_by_all_lanes(void)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Progress   *progress = respond_progress_load(arena, respond_life_incarnation());
	Cursor	   *all = NULL;

	for (int lane = 0; lane < respond_dispatchers; lane++)
	{
		Cursor	   *cursor = respond_progress_start(arena, progress, respond_dispatchers, lane);

		all = all == NULL ? cursor : respond_cursor_intersect(arena, all, cursor);
	}
	return all;
}

/*
 * Whether all transactions in the partition are handled.  The index leads past
 * those below the first that is not, which are usually all.  Events from
 * elsewhere were handled there, or release() has made them ours.
 */
static bool
is_passed(const char *relation)
{
	Cursor	   *handled = handled_by_all_lanes();
	uint64		first = handled->count > 0 ? handled->running[0] : handled->xmax;
	uint64		rows;

	rows = respond_statement_format("SELECT DISTINCT xid FROM %s WHERE incarnation OPERATOR(pg_catalog.=) " INT64_FORMAT
									" AND xid OPERATOR(pg_catalog.>=) '" UINT64_FORMAT "'",
									relation, respond_life_incarnation(), first);
	for (uint64 i = 0; i < rows; i++)
	{
		bool		is_null;
		Datum		xid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);

		if (!respond_cursor_covers(handled, DatumGetUInt64(xid)))
			return false;
	}
	return true;
}

/* Whether events of that time are to be handled again, or were heard by a run that has yet to go on with them. */
static bool
is_awaited(TimestampTz lower, TimestampTz upper)
{
	static const char *const readers[] = {
		"respond_internal.requeue",
		"respond_internal.set_aside_event",
		"(SELECT h.recorded_at FROM respond_internal.heard AS h WHERE EXISTS (SELECT FROM respond.run AS r"
		" WHERE r.id OPERATOR(pg_catalog.=) h.run_id AND r.status OPERATOR(pg_catalog.=) ANY ('{running,waiting}')))",
	};
	Datum		values[2] = {TimestampTzGetDatum(lower), TimestampTzGetDatum(upper)};

	for (int i = 0; i < lengthof(readers); i++)
	{
		char	   *sql = psprintf("SELECT FROM %s AS e WHERE e.recorded_at OPERATOR(pg_catalog.>=) $1"
								   " AND e.recorded_at OPERATOR(pg_catalog.<) $2 LIMIT 1", readers[i]);

		if (respond_statement_run(sql, 2, (Oid[]) {TIMESTAMPTZOID, TIMESTAMPTZOID}, values) > 0)
			return true;
	}
	return false;
}

static bool
is_done(const TimedTable *table, const char *relation, TimestampTz lower, TimestampTz upper)
{
	if (table->unfinished != NULL)
		return respond_statement_format("SELECT FROM %s WHERE %s LIMIT 1", relation, table->unfinished) == 0;
	if (table->is_log)
		return is_passed(relation) && !is_awaited(lower, upper);
	return true;
}

static bool
drop_partition(const TimedTable *table, const TimedPartition *partition)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(partition->relation)),
												  get_rel_name(partition->relation));

	respond_statement_format("LOCK TABLE %s IN SHARE MODE", name);
	if (!is_done(table, name, partition->lower, partition->upper))
		return false;
	if (table->is_audit)
		respond_statement_format("SELECT respond_internal.seal_dropped(%s)", quote_literal_cstr(name));
	respond_statement_format("DROP TABLE %s", name);
	return true;
}

/* One after the other from the oldest on; the first that cannot go yet ends it. */
static void
drop_old_partitions(const TimedTable *table, TimestampTz cutoff)
{
	bool		dropped;

	do
	{
		PartitionList *list;

		respond_statement_begin();
		respond_statement_limit_lock_wait(LOCK_WAIT_MS);
		list = respond_partition_list(table);
		dropped = list->count > 0 && list->items[0].upper <= cutoff &&
			drop_partition(table, &list->items[0]);
		respond_statement_commit();
		respond_worker_check_stop();
	} while (dropped);
}

static void
truncate_default(const TimedTable *table)
{
	bool		before = respond_event_guard_lift(true);

	PG_TRY();
	{
		respond_statement_format("TRUNCATE ONLY %s.%s_default", table->schema, table->name);
	}
	PG_FINALLY();
	{
		respond_event_guard_lift(before);
	}
	PG_END_TRY();
}

static bool
default_is_old(const TimedTable *table, TimestampTz cutoff)
{
	char	   *relation = psprintf("%s.%s_default", table->schema, table->name);
	char	   *sql = psprintf("SELECT FROM %s WHERE %s OPERATOR(pg_catalog.>=) $1 LIMIT 1", relation, table->column);

	return respond_statement_run(sql, 1, (Oid[]) {TIMESTAMPTZOID}, (Datum[]) {TimestampTzGetDatum(cutoff)}) == 0 &&
		is_done(table, relation, DT_NOBEGIN, cutoff);
}

static void
empty_default(const TimedTable *table, TimestampTz cutoff)
{
	Relation	relation;
	bool		empty;

	respond_worker_begin();
	relation = table_open(respond_relation_oid(table->schema, psprintf("%s_default", table->name)), AccessShareLock);
	empty = RelationGetNumberOfBlocks(relation) == 0;
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	if (empty)
		return;

	respond_statement_begin();
	respond_statement_limit_lock_wait(LOCK_WAIT_MS);
	if (default_is_old(table, cutoff))
	{
		/* again, now that nobody can add to it */
		respond_statement_format("LOCK TABLE %s.%s_default IN SHARE MODE", table->schema, table->name);
		if (default_is_old(table, cutoff))
			truncate_default(table);
	}
	respond_statement_commit();
}

/* Walks through the table once, a piece per transaction, so that none is long. */
static void
delete_old_rows(const AgingTable *table, TimestampTz cutoff)
{
	Oid			relation_oid;
	BlockNumber blocks;
	Relation	relation;

	respond_worker_begin();
	relation_oid = respond_relation_oid(table->schema, table->name);
	relation = table_open(relation_oid, AccessShareLock);
	blocks = RelationGetNumberOfBlocks(relation);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();

	for (BlockNumber block = 0; block < blocks; block += BLOCKS_AT_ONCE)
	{
		char	   *sql;

		respond_statement_begin();
		sql = psprintf("DELETE FROM %s.%s WHERE ctid OPERATOR(pg_catalog.>=) '(%u,0)'"
					   " AND ctid OPERATOR(pg_catalog.<) '(%u,0)' AND %s",
					   table->schema, table->name, block, block + BLOCKS_AT_ONCE, table->is_old);
		respond_statement_run(sql, 1, (Oid[]) {TIMESTAMPTZOID}, (Datum[]) {TimestampTzGetDatum(cutoff)});
		respond_statement_commit();
		respond_worker_check_stop();
	}
}

TimestampTz
respond_retention_apply(TimestampTz now)
{
	int64		pause = LONGEST_PAUSE_US;

	for (int i = 0; i < TIMED_TABLE_COUNT; i++)
	{
		const TimedTable *table = &respond_timed_tables[i];
		int64		retention = *table->retention * USECS_PER_MINUTE;

		if (retention < 0)
			continue;
		drop_old_partitions(table, now - retention);
		if (!table->is_audit)
			empty_default(table, now - retention);
		pause = Min(pause, Max(retention / 10, SHORTEST_PAUSE_US));
	}
	if (respond_event_retention >= 0)
	{
		for (int i = 0; i < lengthof(aging_tables); i++)
			delete_old_rows(&aging_tables[i], now - respond_event_retention * USECS_PER_MINUTE);
	}
	delete_old_rows(&passed_table, now);
	delete_old_rows(&link_table, now - LINK_GRACE_DAYS * USECS_PER_DAY);
	delete_old_rows(&callback_table, now);
	return now + pause;
}
