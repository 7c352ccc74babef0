/*-------------------------------------------------------------------------
 * row_compare.h
 *	  What an UPDATE changed of a ticket.
 *
 * src/desk/row_compare.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROW_COMPARE_H
#define RESPOND_ROW_COMPARE_H

#include "executor/tuptable.h"

#include "desk/ticket_columns.h"

/* Whether a column has the same value in both rows; both must be deformed. */
extern bool respond_column_is_same(TupleDesc desc, int column, TupleTableSlot *old_row,
								   TupleTableSlot *new_row);

/*
 * Flags the columns that differ, and returns whether any does.  updated_at,
 * solved_at and closed_at do not count: they follow from the others.
 */
extern bool respond_ticket_changed_columns(const TicketColumns *columns, TupleDesc desc,
										   TupleTableSlot *old_row, TupleTableSlot *new_row,
										   bool *changed);

#endif							/* RESPOND_ROW_COMPARE_H */
