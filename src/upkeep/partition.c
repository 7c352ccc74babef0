/*-------------------------------------------------------------------------
 * partition.c
 *	  Making partitions before they are needed.
 *
 * Of each table there is one partition for the present and at least two for
 * the time after.  They begin and end at multiples of
 * pg_respond.partition_interval, counted from midnight UTC; a new interval
 * counts from the end of the last partition on.
 *
 * The first ones are made by CREATE EXTENSION, so that there is one for the
 * present from the first event on.  What no partition covers goes to the default
 * partition.  Attaching one over a range that producers are putting rows of into
 * the default would fail, or make their INSERTs fail.  So after a gap the next
 * one begins a little ahead, at a full minute: rows carry the time their
 * transaction began, never a later one.
 *
 * To attach, the server locks the default partition against everybody and
 * reads it.  It is usually empty; and since rows for which there is a partition
 * do not touch the default, producers wait only when there is none.  The wait
 * for the lock is bounded, because those behind in the queue wait as well.
 *
 * Partitions are ordinary tables in respond_internal, not members of the
 * extension: pg_dump dumps them as such.
 *
 * src/upkeep/partition.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/partition_write.h"
#include "upkeep/partition.h"
#include "upkeep/replica_identity.h"
#include "upkeep/statement.h"

#define PARTITIONS_AHEAD	2
#define LOCK_WAIT_MS		200

/* Longer than it takes from asking for the time to having attached. */
#define MARGIN_US			(5 * USECS_PER_SEC)

const TimedTable respond_timed_tables[TIMED_TABLE_COUNT] = {
	{"respond", "event", "recorded_at", &respond_event_retention, .is_log = true},
	{"respond", "run", "started_at", &respond_event_retention,
	 .unfinished = "status OPERATOR(pg_catalog.=) ANY ('{running,waiting}')"},
	{"respond", "delivery", "created_at", &respond_event_retention,
	 .unfinished = "status OPERATOR(pg_catalog.=) 'pending'"},
	{"respond", "attempt", "at", &respond_event_retention},
	{"respond_internal", "wait_decision", "decided_at", &respond_event_retention},
	{"respond", "audit_log", "at", &respond_audit_retention, .is_audit = true},
};

PG_FUNCTION_INFO_V1(respond_make_first_partitions);

PartitionList *
respond_partition_list(const TimedTable *table)
{
	PartitionList *list = palloc0(sizeof(PartitionList));
	Relation	parent = table_open(respond_relation_oid(table->schema, table->name), AccessShareLock);
	PartitionDesc description = RelationGetPartitionDesc(parent, true);
	PartitionBoundInfo bounds = description->boundinfo;

	list->items = palloc(sizeof(TimedPartition) * (description->nparts + 1));
	for (int i = 0; bounds != NULL && i < bounds->ndatums; i++)
	{
		TimedPartition *item = &list->items[list->count];
		int			partition = bounds->indexes[i];

		/* the bound is the upper one of this partition, so there is one before it */
		if (partition < 0 || i == 0)
			continue;
		item->relation = description->oids[partition];
		item->lower = bounds->kind[i - 1][0] == PARTITION_RANGE_DATUM_VALUE ?
			DatumGetTimestampTz(bounds->datums[i - 1][0]) : DT_NOBEGIN;
		item->upper = bounds->kind[i][0] == PARTITION_RANGE_DATUM_VALUE ?
			DatumGetTimestampTz(bounds->datums[i][0]) : DT_NOEND;
		list->count++;
	}
	table_close(parent, AccessShareLock);
	return list;
}

static TimestampTz
round_down(TimestampTz time, int64 unit)
{
	int64		rest = time % unit;

	return time - (rest < 0 ? rest + unit : rest);
}

/*
 * The range of the next partition to make; after a gap it begins at first.
 * False when there are enough; then *due is when there will not be any more:
 * when the first of those that lie ahead begins.
 */
static bool
next_bounds(const TimedTable *table, TimestampTz now, TimestampTz first,
			TimestampTz *lower, TimestampTz *upper, TimestampTz *due)
{
	PartitionList *list = respond_partition_list(table);
	int64		interval = respond_partition_interval * USECS_PER_MINUTE;
	TimestampTz end = DT_NOBEGIN;
	int			ahead = 0;

	*due = DT_NOEND;
	for (int i = 0; i < list->count; i++)
	{
		if (list->items[i].lower > now)
		{
			ahead++;
			*due = Min(*due, list->items[i].lower);
		}
		end = Max(end, list->items[i].upper);
	}
	if (ahead >= PARTITIONS_AHEAD || end == DT_NOEND)
		return false;

	*lower = end > now ? end : Max(end, first);
	*upper = round_down(*lower, interval) + interval;
	return true;
}

/* All bounds are full minutes. */
static const char *
utc_text(TimestampTz time, const char *format)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return psprintf(format, tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

/* A partition that somebody detached keeps its name. */
static const char *
choose_name(const TimedTable *table, TimestampTz lower)
{
	Oid			schema = get_namespace_oid("respond_internal", false);
	const char *base = psprintf("%s_%s", table->name, utc_text(lower, "%04d%02d%02d_%02d%02d"));
	const char *name = base;

	for (int i = 2; OidIsValid(get_relname_relid(name, schema)); i++)
		name = psprintf("%s_%d", base, i);
	return name;
}

static const char *
make_partition(const TimedTable *table, TimestampTz lower, TimestampTz upper)
{
	const char *name = choose_name(table, lower);

	/* from 17 on a partition has the identity of its parent, and one that has its own cannot be attached */
	respond_statement_format("CREATE TABLE respond_internal.%s (LIKE %s.%s_default INCLUDING ALL EXCLUDING"
							 " IDENTITY)",
							 name, table->schema, table->name);
	respond_statement_format("COMMENT ON TABLE respond_internal.%s IS 'partition of %s.%s'",
							 name, table->schema, table->name);
	respond_replica_identity_copy(psprintf("%s.%s_default", table->schema, table->name), name);
	if (table->is_log)
		respond_statement_format("SELECT respond_internal.guard_event_partition('respond_internal.%s')", name);
	if (table->is_audit)
		respond_statement_format("SELECT respond_internal.guard_audit_partition('respond_internal.%s')", name);
	respond_statement_format("ALTER TABLE %s.%s ATTACH PARTITION respond_internal.%s FOR VALUES FROM ('%s') TO"
							 " ('%s')",
							 table->schema, table->name, name,
							 utc_text(lower, "%04d-%02d-%02d %02d:%02d:00+00"),
							 utc_text(upper, "%04d-%02d-%02d %02d:%02d:00+00"));
	return name;
}

static TimestampTz
complete_table(const TimedTable *table, TimestampTz now)
{
	TimestampTz first = round_down(now + MARGIN_US, USECS_PER_MINUTE) + USECS_PER_MINUTE;
	TimestampTz due;

	for (;;)
	{
		TimestampTz lower;
		TimestampTz upper;
		bool		wanted;

		respond_statement_begin();
		respond_statement_limit_lock_wait(LOCK_WAIT_MS);
		wanted = next_bounds(table, now, first, &lower, &upper, &due);
		if (wanted)
			(void) make_partition(table, lower, upper);
		respond_statement_commit();
		if (!wanted)
			return due;
	}
}

TimestampTz
respond_partition_make_ahead(TimestampTz now)
{
	TimestampTz due = DT_NOEND;

	for (int i = 0; i < TIMED_TABLE_COUNT; i++)
		due = Min(due, complete_table(&respond_timed_tables[i], now));
	return due;
}

/*
 * make_first_partitions() → void: for the extension's script.  Nobody else can
 * insert yet, so the partitions begin with the present.  They do not stay
 * members of the extension, or they could not be dropped one day.
 */
Datum
respond_make_first_partitions(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz first = round_down(now, respond_partition_interval * USECS_PER_MINUTE);

	SPI_connect();
	for (int i = 0; i < TIMED_TABLE_COUNT; i++)
	{
		TimestampTz lower;
		TimestampTz upper;
		TimestampTz due;

		while (next_bounds(&respond_timed_tables[i], now, first, &lower, &upper, &due))
		{
			const char *name = make_partition(&respond_timed_tables[i], lower, upper);

			respond_statement_format("ALTER EXTENSION pg_respond DROP TABLE respond_internal.%s", name);
			respond_statement_format("ALTER TABLE respond_internal.%s OWNER TO respond_worker", name);
		}
	}
	SPI_finish();
	PG_RETURN_VOID();
}
