/*-------------------------------------------------------------------------
 * rule_set_code.h
 *	  A rule set, as what loads it and what asks it share it.
 *
 * Rules, mutes and routes are in one matcher, so an event is walked along
 * their paths once.  Numbers in the matcher: first the rules in the order in
 * which they are applied, then mutes, then routes.
 *
 * src/rule/rule_set_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_SET_CODE_H
#define RESPOND_RULE_SET_CODE_H

#include "storage/itemptr.h"
#include "utils/hsearch.h"

#include "match/matcher.h"
#include "rule/rule_set.h"
#include "template/template.h"

/* Rule is its first member, so that a Rule * is a LoadedRule * as well. */
typedef struct LoadedRule
{
	Rule		rule;
	ItemPointerData tid;		/* row version that it was made from */
	TransactionId xmin;
	FlowSource	source;			/* of its flow */
	MemoryContext code_context; /* of flow and condition; NULL until one is made */
	struct RulePart *part;
	int			rank;			/* in RuleSet.ordered */
	bool		dead;			/* the row is not that any more */
} LoadedRule;

typedef struct Mute
{
	int64		id;
	TimestampTz from_time;
	TimestampTz until_time;		/* DT_NOEND: none */
	const char *reason;			/* NULL: none */
} Mute;

typedef struct Route
{
	const char *name;
	const char *channel;
	const Template *payload;	/* NULL: the event as CloudEvent */
	bool		is_json;		/* payload begins as JSON */
} Route;

/* Rules, mutes and routes that were compiled together. */
typedef struct RulePart
{
	MemoryContext context;		/* of all but the code of rules */
	int			rule_count;
	struct LoadedRule *rules;	/* in the order in which they are applied */
	struct LoadedRule **by_name;
	int			mute_count;
	Mute	   *mutes;
	int			route_count;
	Route	   *routes;
	uint64		speech;			/* tells one state of the tables of mutes and routes from another */
	HTAB	   *by_tid;			/* rules by the place of their row; NULL: the part is small */
	Matcher    *matcher;
	MatchState *state;

	/* the last match */
	const int  *numbers;
	int			number_count;
} RulePart;

/*
 * All rules: those that were compiled first, and in a small part of their own
 * those that changed since.  A large base is made anew only when much of it has
 * changed.
 */
struct RuleSet
{
	MemoryContext context;
	RulePart   *base;
	RulePart   *changes;		/* NULL: none */
	RulePart   *speaker;		/* the one of both whose mutes and routes count */
	int			rule_count;
	struct LoadedRule **ordered;	/* in the order in which they are applied */
	struct LoadedRule **by_name;
	Rule	  **matched;		/* room for all rules */
	const Route **telling;		/* room for all routes */
};

/*
 * Reads the tables as they are now.  What was compiled for rules of the old
 * set, which may be NULL, and has not changed goes over to the new one, which may
 * have the same base.  anew: everything counts as changed.
 */
extern RuleSet *respond_rule_set_load(RuleSet *old, bool anew);

/* Frees a set, but for a base that another one has now. */
extern void respond_rule_set_free(RuleSet *set, const RuleSet *heir);

/* Fills a mute or route from the values of its row; copies into the current context. */
extern void respond_mute_read(Mute *mute, const Datum *values, const bool *nulls);
extern bool respond_route_read(Route *route, const Datum *values, const bool *nulls);

/* Whether the event lies in the mute's window, and what to say of it. */
extern bool respond_mute_covers(const Mute *mute, const Event *event);
extern char *respond_mute_text(const Mute *mute);

/* Sends the NOTIFY. */
extern void respond_route_send(const Route *route, const Event *event);

#endif							/* RESPOND_RULE_SET_CODE_H */
