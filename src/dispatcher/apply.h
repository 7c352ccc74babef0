/*-------------------------------------------------------------------------
 * apply.h
 *	  Applying the rules to one event.
 *
 * src/dispatcher/apply.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPLY_H
#define RESPOND_APPLY_H

#include "rule/rule_set.h"

/*
 * Applies the rules to one event; effects go into the buffer of effects.
 * contained: each rule in a subtransaction, in which its effects are written; one
 * that fails for a reason that may pass leaves the event set aside for this rule.
 */
extern void respond_apply_rules(RuleSet *rules, Event *event, bool contained);


#endif							/* RESPOND_APPLY_H */
