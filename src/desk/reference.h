/*-------------------------------------------------------------------------
 * reference.h
 *	  What foreign keys would keep between tickets, teams and comments.
 *
 * src/desk/reference.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REFERENCE_H
#define RESPOND_REFERENCE_H

/*
 * Makes sure that the teams (distinct texts) exist and stay until the
 * transaction ends; ERRCODE_FOREIGN_KEY_VIOLATION names the first that does
 * not, and the remedy.
 */
extern void respond_reference_require_teams(Datum *names, int count);

/* The same for tickets (int8), which may come more than once. */
extern void respond_reference_require_tickets(Datum *ids, int count);

/* Says that there is no such ticket; does not return. */
extern void respond_reference_no_ticket(int64 id);

/* Deletes the comments of these tickets (int8). */
extern void respond_reference_delete_comments(Datum *ids, int count);

#endif							/* RESPOND_REFERENCE_H */
