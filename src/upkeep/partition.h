/*-------------------------------------------------------------------------
 * partition.h
 *	  The partitions of the tables that grow with time.
 *
 * src/upkeep/partition.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PARTITION_H
#define RESPOND_PARTITION_H

#include "datatype/timestamp.h"

/* Tables that are partitioned by time; their partitions are in schema respond_internal. */
typedef struct TimedTable
{
	const char *schema;
	const char *name;
	const char *column;			/* partition key */
	const int  *retention;		/* setting in minutes, -1: keep for ever */
	bool		is_log;			/* the event log: handled when the cursors have passed it */
	const char *unfinished;		/* rows for which this holds must have ended; NULL: any may go */
	bool		is_audit;		/* partitions are guarded against change */
} TimedTable;

#define TIMED_TABLE_COUNT 6

extern const TimedTable respond_timed_tables[TIMED_TABLE_COUNT];

/* One partition; covers lower <= key < upper. */
typedef struct TimedPartition
{
	Oid			relation;
	TimestampTz lower;
	TimestampTz upper;
} TimedPartition;

typedef struct PartitionList
{
	int			count;
	TimedPartition *items;		/* by time; without the default partition */
} PartitionList;

/* Partitions of a table, in the current memory context; in a transaction. */
extern PartitionList *respond_partition_list(const TimedTable *table);

/*
 * Makes the partitions that are missing, in transactions of their own.
 * Returns when to look again.
 */
extern TimestampTz respond_partition_make_ahead(TimestampTz now);

#endif							/* RESPOND_PARTITION_H */
