/*-------------------------------------------------------------------------
 * queue_reader.h
 *	  Taking rows from a table that is a queue: the requeue, the inbox of runs.
 *
 * src/dispatcher/queue_reader.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_QUEUE_READER_H
#define RESPOND_QUEUE_READER_H

#include "datatype/timestamp.h"

#include "common/shape.h"

/* One for each queue, for the life of the process; begins as QUEUE_READER(...). */
typedef struct QueueReader
{
	const char *table;			/* in schema respond_internal */
	const Shape *shape;
	int			id_column;
	int			incarnation_column;

	bool		empty;			/* the table has no pages */
	bool		passing;		/* a pass over all rows is not at its end */
	int64		position;		/* last row that was looked at */
	uint64		wakes;			/* commits that the last pass knew of */
	TimestampTz next_pass;
} QueueReader;

#define QUEUE_READER(table, shape, id_column, incarnation_column) \
	{(table), (shape), (id_column), (incarnation_column), .empty = true, .passing = true}

/* Whether the row is taken or left for later, and whether more are wanted behind it. */
typedef enum QueueAnswer
{
	QUEUE_MORE,
	QUEUE_ENOUGH,
	QUEUE_LEAVE,
	QUEUE_LEAVE_REST
} QueueAnswer;

/* What to do with a row, in the order of the shape. */
typedef QueueAnswer (*QueueRow) (void *context, const Datum *values, const bool *nulls);

/* Takes rows, in order, and deletes them; wakes: respond_wake_count() of before the snapshot. */
extern void respond_queue_take(QueueReader *reader, uint64 wakes, QueueRow row, void *context);

/* In how many ms a look is due, -1: when a commit comes. */
extern long respond_queue_due(const QueueReader *reader, uint64 wakes);

/* After a rollback: what was taken is there again. */
extern void respond_queue_forget(QueueReader *reader);

#endif							/* RESPOND_QUEUE_READER_H */
