/*-------------------------------------------------------------------------
 * set_aside.h
 *	  Events that a rule could not be applied to yet; tried again when they are due.
 *
 * A row of respond_internal.set_aside_event is one event and one rule (or all rules,
 * rule '').  It is written in the transaction that moves the cursor past the
 * event, and deleted in the one that applies the rule at last.
 *
 * src/dispatcher/set_aside.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SET_ASIDE_H
#define RESPOND_SET_ASIDE_H

#include "nodes/pg_list.h"

#include "event/event.h"

/* A row that is being tried; Event.aside points to it. */
typedef struct AsideEntry
{
	int64		id;
	char	   *rule;			/* "": all rules */
	int32		tries;
	TimestampTz first_at;
	int			sqlerrcode;		/* with which it failed last, 0: it did not */
	bool		kept;			/* out: it stays, changed */
} AsideEntry;

/* The events of this lane alone are taken; at the start of a process. */
extern void respond_aside_open(int lanes, int lane);

/* In each transaction that applies rules, before it does: brings what is known up to date. */
extern void respond_aside_look(void);

/*
 * Whether the rule has to leave the event alone, because an earlier one
 * of the same subject was set aside, or because the rule takes too long.  Then
 * the event is set aside.  rule "": all rules.
 */
extern bool respond_aside_holds(const Event *event, const char *rule);

/*
 * Sets the event aside for a rule, or again if it is being tried, after an error
 * that may pass.
 */
extern void respond_aside_put(const Event *event, const char *rule, const ErrorData *error);

/* The rule of the entry is not in force: waits if it is only disabled, else a dead letter. */
extern void respond_aside_without_rule(Event *event);

/* Whether an error of this entry counts as lasting now. */
extern bool respond_aside_is_over(const AsideEntry *entry);

/*
 * Events that are due, as a list of Event with aside set; those of which the row in
 * the log is gone are dropped.  finish is called for each, in order, when it was
 * applied or set aside again.
 */
extern List *respond_aside_take(int limit);
extern void respond_aside_finish(const Event *event);

/* After the commit, and after a rollback, of a transaction that used any of the above. */
extern void respond_aside_commit(void);
extern void respond_aside_forget(void);

/* In how many ms something is due; 0: now, -1: nothing is set aside. */
extern long respond_aside_due(void);

#endif							/* RESPOND_SET_ASIDE_H */
