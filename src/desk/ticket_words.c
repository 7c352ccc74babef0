/*-------------------------------------------------------------------------
 * ticket_words.c
 *	  What is known of a ticket's columns.
 *
 * src/desk/ticket_words.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "desk/ticket_words.h"

const char *const respond_ticket_statuses[] = {
	[TICKET_NEW] = "new",
	[TICKET_OPEN] = "open",
	[TICKET_PENDING] = "pending",
	[TICKET_ON_HOLD] = "on_hold",
	[TICKET_SOLVED] = "solved",
	[TICKET_CLOSED] = "closed",
	NULL
};
const char *const respond_ticket_priorities[] = {"low", "normal", "high", "urgent", NULL};
const char *const respond_comment_kinds[] = {"public", "internal", "automatic", NULL};

bool
respond_ticket_status_is_done(TicketStatus status)
{
	return status == TICKET_SOLVED || status == TICKET_CLOSED;
}
