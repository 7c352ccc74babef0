/*-------------------------------------------------------------------------
 * late_key.h
 *	  Waits whose key comes out of a step before them.
 *
 * Such a wait hears from the same place as others, but is armed without a key until
 * that is known.  Then it finds what has passed since, see wait_passed.h.  Where it was
 * not armed all the time (in a copy of the database, or in another version of the rule),
 * the dispatcher looks through the log from that place on.
 *
 * src/flow/late_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LATE_KEY_H
#define RESPOND_LATE_KEY_H

#include "flow/flow_machine.h"
#include "flow/wait_code.h"

/* The key is not known yet: keeps the place from which on it has to hear, and arms it. */
extern void respond_late_key_arm(FlowMachine *machine, const FlowStep *step, const WaitCode *code, int alternative);

/* Whether it was armed so, and has to stay so until the run comes to the step. */
extern bool respond_late_key_waits(const FlowMachine *machine, const FlowStep *step, int alternative);

/* Whether it has to hear from a place on from which it has not been armed. */
extern bool respond_late_key_reads(const FlowMachine *machine, const FlowStep *step, const WaitCode *code,
								   const FlowAwaited *awaited);

/* Where the wait, which the run comes to, hears from; NULL: from now on. */
extern Jsonb *respond_late_key_place(const FlowMachine *machine, const FlowStep *step, const WaitCode *code);

/* Puts into the mailbox what has passed under the keys of these events (FlowAwaited *), if that is known. */
extern void respond_late_key_find(FlowMachine *machine, const FlowStep *step, const WaitCode *code,
								  const List *events);

#endif							/* RESPOND_LATE_KEY_H */
