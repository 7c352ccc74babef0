/*-------------------------------------------------------------------------
 * rule_set.h
 *	  The rules of a database, compiled together.
 *
 * src/rule/rule_set.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_SET_H
#define RESPOND_RULE_SET_H

#include "event/event.h"
#include "flow/flow_compile.h"
#include "owner/owner_sql.h"

typedef struct Rule
{
	const char *name;
	int32		version;
	int32		priority;
	bool		shadow;
	Oid			owner;
	OwnerSql   *condition;		/* NULL: none; prepared at first use */
	const char *condition_text;
	Flow	   *flow;			/* steps and on_failure */
	const char *broken;			/* why the rule cannot run (owner dropped, ...), NULL when it can */
} Rule;

typedef struct RuleSet RuleSet;

/* What the rules, mutes and routes in force say of an event. */
typedef struct RuleMatch
{
	const char *muted_by;		/* why it is muted, palloc'd; NULL: it is not */
	Rule	  **rules;			/* whose type and pattern it meets, highest priority first, then by name */
	int			rule_count;
	const struct Route **routes;	/* that tell of it */
	int			route_count;
} RuleMatch;

/*
 * The enabled rules as they are now.  Loaded anew only after a change of a
 * rule, a mute, a route or a role; the old set stays valid until the next call.
 * Call it once per batch, after the batch's snapshot was taken.
 */
extern RuleSet *respond_rule_set_current(void);

/*
 * Conditions are not looked at.  What the match points to is good until the
 * next call.  An event beyond the size limit must not be passed.
 */
extern void respond_rule_set_match(RuleSet *set, const Event *event, RuleMatch *match);

/* Sends NOTIFY for each route of the match; delivered at commit. */
extern void respond_rule_match_notify(const RuleMatch *match, const Event *event);

/* The enabled rule of this name, NULL when there is none. */
extern Rule *respond_rule_set_find(RuleSet *set, const char *name);

/* All rules, from 0 on in the order in which they are applied. */
extern int	respond_rule_set_count(RuleSet *set);
extern Rule *respond_rule_set_get(RuleSet *set, int number);

/*
 * Whether the event meets type and pattern of the rule; if not, text says which
 * test failed.
 */
extern bool respond_rule_set_explain(RuleSet *set, const Event *event, const Rule *rule,
									 char *text, size_t room);

/*
 * Evaluates the rule's condition; true when it has none.  Raises what the
 * condition raises; the message does not say that it is a condition.
 */
extern bool respond_rule_condition(Rule *rule, const Event *event);

#endif							/* RESPOND_RULE_SET_H */
