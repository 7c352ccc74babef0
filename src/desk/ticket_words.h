/*-------------------------------------------------------------------------
 * ticket_words.h
 *	  What is known of a ticket's columns: their legal words, and how long a key is.
 *
 * Everybody who asks for a status, a priority or a kind of comment asks here.  The
 * indexes of respond.ticket and the condition of its trigger (sql/50_desk.sql) say
 * TICKET_DONE_STATUSES once more: the server wants constants there.
 *
 * src/desk/ticket_words.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_WORDS_H
#define RESPOND_TICKET_WORDS_H

/* In the order of respond_ticket_statuses. */
typedef enum TicketStatus
{
	TICKET_NEW,
	TICKET_OPEN,
	TICKET_PENDING,
	TICKET_ON_HOLD,
	TICKET_SOLVED,
	TICKET_CLOSED
} TicketStatus;

/* NULL at the end. */
extern const char *const respond_ticket_statuses[];
extern const char *const respond_ticket_priorities[];
extern const char *const respond_comment_kinds[];

/* Longest key in bytes: it goes into a B-tree, whose entries end at 2.7 kB. */
#define TICKET_MAX_KEY		1024

/* A ticket in one of these lets its key go; the same for SQL. */
extern bool respond_ticket_status_is_done(TicketStatus status);
#define TICKET_DONE_STATUSES	"{solved,closed}"

#endif							/* RESPOND_TICKET_WORDS_H */
