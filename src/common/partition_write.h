/*-------------------------------------------------------------------------
 * partition_write.h
 *	  Inserting and changing many rows of our own tables without a plan.
 *
 * src/common/partition_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PARTITION_WRITE_H
#define RESPOND_PARTITION_WRITE_H

#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "common/shape.h"

typedef struct PartitionWriter PartitionWriter;

/* More than any table of ours has. */
#define SHAPE_MAX_COLUMNS	64

/*
 * Opens a table for inserts: a plain one, or one that is partitioned by range
 * of a single timestamptz column.  The writer lives in the current memory
 * context, which must outlive it.  Raises when the transaction is read-only or
 * the server is a standby, and when the table has not got the shape.
 */
extern PartitionWriter *respond_partition_writer_open(Oid table, const Shape *shape);

/*
 * Adds a row; values and nulls are in the order of the shape and are copied.
 * key is the value of the partition key (any value for a plain table).
 *
 * What a plan would do beside inserting is left out, and is the caller's: it
 * must fill in defaults and identities of its columns, and keep NOT NULL and
 * CHECK constraints.  Columns that are not in the shape get their defaults; if
 * there are any, all constraints are checked.  Privileges are not asked for and triggers do not fire.  Unique
 * indexes are kept.
 */
extern void respond_partition_writer_add(PartitionWriter *writer, TimestampTz key,
										 const Datum *values, const bool *nulls);

/* A row that is to be changed: where it was last seen, and how it is known. */
typedef struct RowUpdate
{
	TimestampTz key;			/* value of the partition key */
	Oid			partition;		/* where it was seen */
	ItemPointerData tid;
	int			id_column;		/* from 0: a bigint that must have this value */
	int64		id;
	int			state_column;	/* from 0: a text that must be this one */
	const char *state;
	const Datum *values;		/* new values, in the order of the shape */
	const bool *nulls;
	const bool *replaced;		/* which of them are new */
	bool		held;			/* this transaction has locked it */
} RowUpdate;

typedef enum RowUpdateResult
{
	ROW_UPDATED,
	ROW_LOCKED,					/* somebody else holds it; nobody waits */
	ROW_RACED,					/* somebody changed it since the snapshot was taken */
	ROW_CHANGED					/* it is not there any more, or not as expected */
} RowUpdateResult;

/*
 * Changes one row at once, with its index entries; the partition key stays.  As
 * with added rows, privileges are not asked for and triggers do not fire.
 */
extern RowUpdateResult respond_partition_writer_update(PartitionWriter *writer, const RowUpdate *update);

/* Writes what was added.  Rows become visible at the next command. */
extern void respond_partition_writer_flush(PartitionWriter *writer);

/* Writes what was added and frees the writer; the table stays locked until the transaction ends. */
extern void respond_partition_writer_close(PartitionWriter *writer);

/* The partition for this key, as the partition tree stands now. */
extern Oid	respond_partition_for(Relation table, TimestampTz key);

/* OID of a table or sequence of ours; raises when it is not there. */
extern Oid	respond_relation_oid(const char *schema, const char *name);

#endif							/* RESPOND_PARTITION_WRITE_H */
