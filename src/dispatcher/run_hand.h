/*-------------------------------------------------------------------------
 * run_hand.h
 *	  A session takes a run in hand: its row is locked, and who asks may do that.
 *
 * Runs that wait belong to the first dispatcher.  A session that changes one locks
 * its row first.  The dispatcher does not wait for that: it comes back to the run, and
 * finds what the session made of it.
 *
 * src/dispatcher/run_hand.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_HAND_H
#define RESPOND_RUN_HAND_H

#include "effect/run_find.h"
#include "rule/rule_row.h"

/* Refuses read-only transactions and standbys. */
extern void respond_run_hand_require_writes(const char *function);

/*
 * Locks the row of the run and reads it, as it is now; NULL when there is no such
 * run.  Raises an error when it is the run whose SQL asks.
 */
extern RunUnderWay *respond_run_hand_take(int64 id, const char *function);

/* The same, and an error when there is none. */
extern RunUnderWay *respond_run_hand_require(int64 id, const char *function);

/* Whether the current user may know that there is this run: sees its row, or may act on it. */
extern bool respond_run_hand_knows(const RunUnderWay *run);

/*
 * Asks whether the current user may do that to runs of this version of the rule: who
 * may act as its owner, members of the rule's start_roles while the rule has that
 * owner, and with admins those of respond_admin.  The row of the version; NULL when
 * there is none any more, which only superusers may pass.  For
 * who does not know of the run there is none.
 */
extern const RuleRow *respond_run_hand_allow(const RunUnderWay *run, const char *what, bool admins);

#endif							/* RESPOND_RUN_HAND_H */
