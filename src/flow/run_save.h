/*-------------------------------------------------------------------------
 * run_save.h
 *	  A run that is laid down, as one document, and taken up again.
 *
 * A saved run holds all that a run needs to go on in another process, at another
 * time, with another version of the library: names where the code has places,
 * and nothing that points to memory.
 *
 *	format			1; what is in another format is refused
 *	rule, version	the rule, and the version of it that the run began with
 *	run, replay, started_at		as in respond.run
 *	caused			things it caused so far, see pg_respond.max_fan_out
 *	event			the event as the run sees it, with what masks hide; null: none
 *	at				where it stands, the outermost array of steps first: {"part": "steps",
 *					"on_failure", "on_cancel" or, in a loop, its place, "step": its name, its
 *					number when it has none, or "stop", "attempts": those of this step that
 *					failed, "loop": of a step with steps of its own, as loop_save.c writes it}
 *	executed		steps since the last pause
 *	pauses			how often it has paused; the last one is the pause it is in
 *	pause			what it waits for (flow/flow_pause.h): {"for", "since", "due", "fails", "timer",
 *					"memo", "place"}; none: it does not wait
 *	beginning		place in the order of events at which the run began, where a wait will
 *					need it
 *	heard			waits of this array of steps that an event has ended, by their names or
 *					numbers: when the run comes to them again they hear from that event on
 *	key				as in respond.run
 *	parent			the run that waits for it: {"run", "started_at", "pause"}
 *	ticket			the one that it opened or added to last
 *	chain			what steps gave, in this order: {"step", "value"}, and "shown" when
 *					others see less
 *	log				lines, as text, or {"text", "shown"} when others see less
 *	log_is_full		lines were left out
 *	failure			the last one; first_failure: the one that led to on_failure,
 *					or why the run was cancelled
 *
 *	kept			what would have ended the pause of a run that is paused by hand, for who lets it go
 *					on (dispatcher/run_kept.h); ended: runs of items whose end came behind that;
 *					nothing else reads them
 *
 * Members that are false, 0 or null are left out, but for event.  A new member, or
 * another meaning of one, is a new format.
 *
 * What is not in it: effects.  What the steps did is in the buffer of effects, or
 * written already, and is committed with the document, or neither is.  Masks: those
 * count that are in force when something leaves the database.  The owner: that of
 * the rule's version, which never changes; a role that is gone has no rights left.
 * Dry runs, which wait for nothing.
 *
 * Whoever has the document has all that the run's owner may see.
 *
 * src/flow/run_save.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_SAVE_H
#define RESPOND_RUN_SAVE_H

#include "flow/flow_machine.h"

/* The run as it stands between two attempts of steps; palloc'd. */
extern Jsonb *respond_run_save(FlowMachine *machine);

/* The same; NULL when it is too large to be kept. */
extern Jsonb *respond_run_save_if_small(FlowMachine *machine);

/* The format that is written and read. */
#define RUN_FORMAT			1

#endif							/* RESPOND_RUN_SAVE_H */
