/*-------------------------------------------------------------------------
 * partition_read.h
 *	  Finding rows of our own tables without a plan.
 *
 * src/common/partition_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PARTITION_READ_H
#define RESPOND_PARTITION_READ_H

#include "datatype/timestamp.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"

#include "common/shape.h"

/*
 * OID of the partition's index on the given columns, in this order; second and
 * third may be NULL.  InvalidOid if there is none.
 */
extern Oid	respond_partition_index(Relation partition, const char *first, const char *second, const char *third);

/* Whether a table without partitions has no pages: most databases never use some of ours. */
extern bool respond_table_is_empty(Oid table);

typedef struct RowLookup RowLookup;

/*
 * Opens a table that is partitioned by time for look-ups of rows by their
 * number in column id, in the current memory context; under the active snapshot.
 */
extern RowLookup *respond_row_lookup_open(Oid table, const Shape *shape);

/*
 * The row with this number in the partition for this key, NULL when there is
 * none that the snapshot sees.  Its values are in the order of the shape; they,
 * tts_tid and tts_tableOid are good until the next look-up.
 */
extern TupleTableSlot *respond_row_lookup(RowLookup *lookup, TimestampTz key, int64 id);

/* The partition that the last row was found in. */
extern Oid	respond_row_lookup_partition(const RowLookup *lookup);

extern void respond_row_lookup_close(RowLookup *lookup);

#endif							/* RESPOND_PARTITION_READ_H */
