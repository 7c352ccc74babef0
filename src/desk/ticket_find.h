/*-------------------------------------------------------------------------
 * ticket_find.h
 *	  What actions look up and change at the desk.
 *
 * src/desk/ticket_find.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_FIND_H
#define RESPOND_TICKET_FIND_H

#include "utils/jsonb.h"

/* Id of the open ticket with this key, buffered or in the table; 0: none. */
extern int64 respond_ticket_find_open(const char *key);

extern bool respond_ticket_exists(int64 id);

/*
 * Raises ERRCODE_RESPOND_STEP_FAILED unless there is a team of that name; place
 * begins the message.
 */
extern void respond_team_check(const char *place, const char *team);

/*
 * For dry runs, which keep nothing: the same, and whether a ticket exists and may
 * get this status (NULL or empty: keeps its own).
 */
extern void respond_team_look(const char *place, const char *team);
extern void respond_ticket_look(const char *place, int64 id, const char *status);

/* A column that is to be changed. */
typedef struct ColumnChange
{
	bool		given;
	const char *text;			/* NULL with given: the column becomes NULL */
} ColumnChange;

/* Columns in the order of enum TICKET_SUBJECT ... TICKET_REQUESTER (action.h). */
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

#endif							/* RESPOND_TICKET_FIND_H */
