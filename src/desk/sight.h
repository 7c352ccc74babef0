/*-------------------------------------------------------------------------
 * sight.h
 *	  Which tickets somebody sees: what the row policies of the desk ask.
 *
 * src/desk/sight.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SIGHT_H
#define RESPOND_SIGHT_H

/*
 * The session's role writes this ticket now, and may: until the statement is
 * over, or has failed, it sees what it writes, whoever's ticket that becomes.
 */
extern void respond_sight_of_written(int64 ticket_id);
extern void respond_sight_of_written_ends(void);

/* Whether the session's role may know that there is this ticket; who has no rights on tickets may not. */
extern bool respond_sight_of_ticket(int64 ticket_id);

#endif							/* RESPOND_SIGHT_H */
