/*-------------------------------------------------------------------------
 * mailbox.h
 *	  What the waits of a run have heard before the run came to them.
 *
 * An answer may come before the run waits for it: while the step before the wait
 * waits for something else, or while a loop does something between two waits.
 * Such waits are armed early, and what they hear lies here until the run gets to
 * them.  While a run waits, its mailbox is in the tables of room wait; when it
 * goes on it has it in memory.
 *
 * src/flow/mailbox.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAILBOX_H
#define RESPOND_MAILBOX_H

#include "flow/flow_machine.h"
#include "wait/wait_row.h"

/* An event that was heard. */
typedef struct Heard
{
	int64		event_id;
	int			alternative;
	TimestampTz recorded_at;
	int64		passed;			/* its id where it has passed a wait without a key; 0: it was heard */
} Heard;

/* What the step has heard for these events (FlowAwaited *), oldest first: a list of Heard *. */
extern List *respond_mailbox_find(const FlowMachine *machine, const FlowStep *step, const List *events);

/* From when on the step has heard events; otherwise: when it has not. */
extern TimestampTz respond_mailbox_since(const FlowMachine *machine, const FlowStep *step, TimestampTz otherwise);

/* All that the step has heard, under whichever key, oldest first. */
extern List *respond_mailbox_all(const FlowMachine *machine, const FlowStep *step);

/* Whether all of these were armed before. */
extern bool respond_mailbox_covers(const FlowMachine *machine, const FlowStep *step, const List *events);

/* Whether this one was. */
extern bool respond_mailbox_has(const FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited);

/* The wait that was armed for this alternative without a key; NULL: none. */
extern Wait *respond_mailbox_keyless(const FlowMachine *machine, const FlowStep *step, int alternative);

/* Adds one that was found. */
extern void respond_mailbox_add(FlowMachine *machine, const FlowStep *step, Wait *wait);

/* The first so many of them are used up. */
extern void respond_mailbox_use(FlowMachine *machine, const FlowStep *step, const List *heard, int count);

/* Nothing that the step has heard counts any more. */
extern void respond_mailbox_empty(FlowMachine *machine, const FlowStep *step);
/* Neither does it count that the step has been armed. */
extern void respond_mailbox_drop(FlowMachine *machine, const FlowStep *step);

/* Arms the wait of a step, with what it has heard. */
extern void respond_mailbox_arm(FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited, bool early,
								TimestampTz due_at);

/* The same for one without a key, which hears what passes behind this id. */
extern void respond_mailbox_arm_keyless(FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited,
										int64 passed_from);

#endif							/* RESPOND_MAILBOX_H */
