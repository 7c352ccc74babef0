/*-------------------------------------------------------------------------
 * desk_check.h
 *	  What a ticket may hold, and how its status may change.
 *
 * src/desk/desk_check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DESK_CHECK_H
#define RESPOND_DESK_CHECK_H

#include "desk/ticket_words.h"

/* The status of this name; ERRCODE_CHECK_VIOLATION names the legal ones. */
extern TicketStatus respond_desk_status(const char *name, size_t length);

/* Raises ERRCODE_RESPOND_INVALID_TRANSITION unless a ticket may go from one to the other. */
extern void respond_desk_check_transition(int64 ticket_id, TicketStatus from, TicketStatus to);

#endif							/* RESPOND_DESK_CHECK_H */
