/*-------------------------------------------------------------------------
 * rule_share.h
 *	  How much of its lane's time a rule may take.
 *
 * A rule that takes long each time it is applied (a slow condition, a lock that
 * is waited for, a server that does not answer) would hold up every event of its
 * lane.  So each rule has an account of time; one that has used it up waits until
 * it is filled again, and its events are set aside meanwhile.
 *
 * src/dispatcher/rule_share.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_SHARE_H
#define RESPOND_RULE_SHARE_H

#include "datatype/timestamp.h"

/* Number of a rule in the functions below. */
extern uint64 respond_share_rule(const char *rule);

/* Whether the rule may be applied now. */
extern bool respond_share_allows(uint64 rule);

/* The rule was applied and took so long; in vain: its event was set aside. */
extern void respond_share_charge(uint64 rule, double milliseconds, bool in_vain);

/* When a rule whose account is empty may be applied again; 0: now. */
extern TimestampTz respond_share_ready_at(uint64 rule);

/* Whether to log now that the rule could not be applied: once in a while for each kind of error. */
extern bool respond_share_reports(uint64 rule, int sqlerrcode);

/* The same for a rule that has used up its share; not when that was an error's doing. */
extern bool respond_share_reports_slow(uint64 rule);

#endif							/* RESPOND_RULE_SHARE_H */
