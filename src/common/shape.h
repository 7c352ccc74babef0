/*-------------------------------------------------------------------------
 * shape.h
 *	  The columns that our code expects of a table of ours.
 *
 * src/common/shape.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHAPE_H
#define RESPOND_SHAPE_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

typedef struct ShapeColumn
{
	const char *name;
	Oid			type;			/* InvalidOid: one of our own */
	const char *own_type;		/* its name in schema respond */
} ShapeColumn;

/* Code numbers columns from 0 in this order, wherever the table has them. */
typedef struct Shape
{
	const char *table;			/* with its schema */
	int			count;
	const ShapeColumn *columns;
} Shape;

#define SHAPE(table, columns)	{(table), lengthof(columns), (columns)}

/*
 * Where the columns are in a table or a partition, from 0.  Raises
 * ERRCODE_RESPOND_SHAPE when one is missing or of another type: library and
 * extension then differ, or somebody has changed the table.
 */
extern void respond_shape_find(const Shape *shape, TupleDesc desc, int *places);

/* Raises as well when a column is there, but at another place: for code that reads rows as they are. */
extern void respond_shape_require_order(const Shape *shape, TupleDesc desc);

/* What is wrong, in words, palloc'd; NULL: nothing. */
extern const char *respond_shape_fault(const Shape *shape, TupleDesc desc);

/* The place of one of them. */
extern int	respond_shape_place(const Shape *shape, TupleDesc desc, int column);

/* Values of a row in the order of the shape; of a slot they are good as long as its row. */
extern void respond_shape_read(const Shape *shape, TupleTableSlot *slot, Datum *values, bool *nulls);
extern void respond_shape_deform(const Shape *shape, TupleDesc desc, HeapTuple tuple, Datum *values, bool *nulls);

/* The tuple with these values instead of its own; columns that are not ours stay. */
extern HeapTuple respond_shape_modify(const Shape *shape, TupleDesc desc, HeapTuple tuple,
									  const Datum *values, const bool *nulls);

/*
 * table_open() for code that reads or writes rows without the executor: raises
 * as above when there is a view, a foreign table or a partitioned table instead.
 */
extern Relation respond_shape_open_heap(Oid table, LOCKMODE lock);
extern void respond_shape_require_heap(Relation relation);

/* All that there are; at load. */
extern void respond_shape_list(const Shape *const *shapes, int count);

/*
 * Raises as above when one of our tables is not as expected.  For workers, at
 * the beginning of a transaction; costs nothing unless a table was changed.
 */
extern void respond_shape_require_all(void);

#endif							/* RESPOND_SHAPE_H */
