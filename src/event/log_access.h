/*-------------------------------------------------------------------------
 * log_access.h
 *	  The partitions of the event log and their rows, without a plan.
 *
 * src/event/log_access.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOG_ACCESS_H
#define RESPOND_LOG_ACCESS_H

#include "access/tableam.h"
#include "utils/rel.h"

#include "event/event.h"

/* Partitions (OIDs) of respond.event, those of partitions included, palloc'd. */
extern List *respond_log_partitions(void);

/*
 * Locks the partitions until the end of the transaction.  Who reads the log to
 * say what was handled does so before the snapshot is taken: rows of a table that
 * is rewritten between the two (ALTER TABLE) are those of the later transaction,
 * which the snapshot does not see.
 */
extern void respond_log_lock(void);

/* The same without waiting; false: somebody has a lock that is in the way.  Some may be locked then. */
extern bool respond_log_try_lock(void);

/* Opens a partition for reading; NULL when it was dropped. */
extern Relation respond_log_open(Oid partition);

/*
 * Grows when any table of the database may have been rewritten, truncated,
 * attached, detached or dropped: places of rows that were read before may be
 * another row's since.  Current once a table was opened.
 */
extern uint64 respond_log_changes(void);

/* Where a partition keeps the columns of an event. */
typedef enum LogColumn
{
	LOG_ID,
	LOG_XID,
	LOG_INCARNATION,
	LOG_TYPE,
	LOG_SOURCE,
	LOG_SUBJECT,
	LOG_KEY,
	LOG_ACTOR,
	LOG_TIME,
	LOG_RECORDED_AT,
	LOG_CAUSE,
	LOG_DEPTH,
	LOG_DATA,
	LOG_COLUMNS
} LogColumn;

typedef struct LogColumns
{
	AttrNumber	numbers[LOG_COLUMNS];
} LogColumns;

extern void respond_log_columns(Relation partition, LogColumns *columns);

/* Whether the row in the slot is this event. */
extern bool respond_log_is(const LogColumns *columns, TupleTableSlot *slot, int64 id, uint64 xid, int64 incarnation);

/* The type of the event in the slot, palloc'd; its data is not touched. */
extern char *respond_log_type(const LogColumns *columns, TupleTableSlot *slot);

/* The row in the slot as an event, copied into the current memory context. */
extern Event *respond_log_event(const LogColumns *columns, TupleTableSlot *slot);

#endif							/* RESPOND_LOG_ACCESS_H */
