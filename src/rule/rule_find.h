/*-------------------------------------------------------------------------
 * rule_find.h
 *	  The row of a rule, as it is now or as it was.
 *
 * src/rule/rule_find.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_FIND_H
#define RESPOND_RULE_FIND_H

#include "rule/rule_row.h"

/* In the current memory context; false when there is none.  Nobody's rights are asked for. */
extern bool respond_rule_find(const char *name, RuleRow *row);
extern bool respond_rule_find_version(const char *name, int32 version, RuleRow *row);

#endif							/* RESPOND_RULE_FIND_H */
