/*-------------------------------------------------------------------------
 * ticket_change.h
 *	  Changing a ticket that is already in the table.
 *
 * src/desk/ticket_change.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_CHANGE_H
#define RESPOND_TICKET_CHANGE_H

#include "utils/jsonb.h"

/* A column that is to be changed. */
typedef struct ColumnChange
{
	bool		given;
	const char *text;			/* NULL with given: the column becomes NULL */
} ColumnChange;

/* columns: subject, description, status, priority, team, assignee, requester, in this order. */
typedef struct TicketChange
{
	int64		id;
	ColumnChange columns[7];
	bool		tags_given;
	char	  **tags;
	int			tag_count;
	Jsonb	   *fields;			/* merged into those of the ticket; NULL: none */
} TicketChange;

/*
 * Updates one ticket, in a subtransaction that is rolled back when it raises:
 * what the desk forbids, ERRCODE_RESPOND_STEP_FAILED when there is no such
 * ticket or somebody keeps it locked for longer than pg_respond.rule_timeout.
 */
extern void respond_ticket_change(const TicketChange *change);

#endif							/* RESPOND_TICKET_CHANGE_H */
