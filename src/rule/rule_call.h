/*-------------------------------------------------------------------------
 * rule_call.h
 *	  Rules that call each other.
 *
 * src/rule/rule_call.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_CALL_H
#define RESPOND_RULE_CALL_H

#include "rule/rule_row.h"

/* Raises ERRCODE_RESPOND_INVALID_RULE when the rule would call itself, by way of others too. */
extern void respond_rule_call_check(const RuleRow *row);

/* At load. */
extern void respond_rule_call_initialize(void);

#endif							/* RESPOND_RULE_CALL_H */
