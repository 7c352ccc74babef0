/*-------------------------------------------------------------------------
 * ticket_write.h
 *	  Tickets and comments in the buffer of effects.
 *
 * src/effect/ticket_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKET_WRITE_H
#define RESPOND_TICKET_WRITE_H

#include "utils/jsonb.h"

#include "effect/run.h"

typedef struct NewTicket
{
	const char *subject;
	const char *description;	/* NULL here and below: none, or the default */
	const char *status;
	const char *priority;
	const char *team;
	const char *assignee;
	const char *requester;
	const char *key;
	bool		is_done;		/* its status lets the key go, see desk/ticket_words.h */
	char	  **tags;
	int			tag_count;
	Jsonb	   *fields;
} NewTicket;

/* Returns the ticket's id. */
extern int64 respond_effects_ticket(const FlowRun *run, const NewTicket *ticket);
/* Returns the comment's id; author NULL: the rule. */
extern int64 respond_effects_comment(const FlowRun *run, int64 ticket_id, const char *author,
									 const char *kind, const char *body);
/* Whether the ticket is in the buffer, and the buffered open ticket with this key (0: none). */
extern bool respond_effects_has_ticket(int64 id);
extern int64 respond_effects_ticket_by_key(const char *key);

/* Whether any buffered open ticket has a key. */
extern bool respond_effects_has_keys(void);

/* Teams that were found to exist since the last flush. */
extern bool respond_effects_knows_team(const char *name);
extern void respond_effects_note_team(const char *name);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_tickets_flush(void);
extern void respond_tickets_forget(void);

#endif							/* RESPOND_TICKET_WRITE_H */
