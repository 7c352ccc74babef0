/*-------------------------------------------------------------------------
 * ticket_find.h
 *	  What actions look up at the desk.
 *
 * src/desk/ticket_find.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_FIND_H
#define RESPOND_TICKET_FIND_H

/*
 * Id of the open ticket with this key, buffered or in the table, or of the open
 * one that a merged ticket with this key leads to; 0: none.
 */
extern int64 respond_ticket_find_open(const char *key);

/* Id of this ticket, or of the one that it was merged into, over chains; 0: there is none. */
extern int64 respond_ticket_find(int64 id);

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

#endif							/* RESPOND_TICKET_FIND_H */
