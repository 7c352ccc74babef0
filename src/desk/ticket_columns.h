/*-------------------------------------------------------------------------
 * ticket_columns.h
 *	  Where the columns of respond.ticket are that C code looks at.
 *
 * src/desk/ticket_columns.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_COLUMNS_H
#define RESPOND_TICKET_COLUMNS_H

#include "access/tupdesc.h"

#include "common/shape.h"

/*
 * Places in a row, from 0.  Found by name: an update of the extension may have
 * added columns in another order than a new installation.
 */
typedef struct TicketColumns
{
	int			id;
	int			status;
	int			priority;
	int			team;
	int			assignee;
	int			tags;
	int			key;
	int			session_actor;
	int			event_id;
	int			run_id;
	int			created_by;
	int			created_at;
	int			updated_at;
	int			solved_at;
	int			closed_at;
	int			merged_into;
} TicketColumns;

extern void respond_ticket_columns(TupleDesc desc, TicketColumns *columns);

extern const Shape respond_shape_ticket;
extern const Shape respond_shape_comment;
extern const Shape respond_shape_rating;
extern const Shape respond_shape_team;

/* Place of one column, from 0. */
extern int	respond_column_place(const Shape *shape, TupleDesc desc, const char *name);

#endif							/* RESPOND_TICKET_COLUMNS_H */
