/*-------------------------------------------------------------------------
 * rule_owner.h
 *	  Whose a rule is, and who may make it act.
 *
 * src/rule/rule_owner.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_OWNER_H
#define RESPOND_RULE_OWNER_H

#include "nodes/pg_list.h"

#include "rule/rule_row.h"

/* The role that owns the rule; InvalidOid when it is gone. */
extern Oid	respond_rule_owner(const RuleRow *row);

/* Why it has none, in words; palloc'd. */
extern char *respond_rule_owner_fault(const RuleRow *row);

/* Whether the user has the rights of the role, or can become it. */
extern bool respond_rule_acts_as(Oid user, Oid role);

/* Whether the user is in one of the roles that the owner lets start the rule by hand. */
extern bool respond_rule_has_leave(Oid user, const RuleRow *row);

/*
 * Gives the row the numbers of the roles that it names.  Raises
 * ERRCODE_RESPOND_INVALID_RULE for a role in start_roles that there is not.
 */
extern void respond_rule_owner_set(RuleRow *row, Oid owner);
extern void respond_rule_start_roles_set(RuleRow *row);

/* For a row that came with a dump, or after roles were renamed: names and numbers as they are now. */
extern void respond_rule_roles_refresh(RuleRow *row);

/* Whether two rows name the same roles in start_roles, or those of row are some of those of before. */
extern bool respond_rule_start_roles_within(const RuleRow *row, const RuleRow *before);

/*
 * Brings the names of owners up to date in all rules, and the numbers of owners
 * that came with a dump.  Moves the rules of some roles to another.  Both ask
 * for no rights: the caller has checked them.
 */
extern void respond_rule_owners_refresh(void);
extern void respond_rule_owners_move(List *from, Oid to);

typedef enum OwnerChange
{
	OWNER_CHANGE_BY_USER,
	OWNER_CHANGE_REFRESH,		/* respond_rule_owners_refresh() is under way */
	OWNER_CHANGE_MOVE			/* respond_rule_owners_move() is */
} OwnerChange;

extern OwnerChange respond_rule_owner_change(void);

/* Hooks on statements about roles. */
extern void respond_rule_owner_initialize(void);

#endif							/* RESPOND_RULE_OWNER_H */
