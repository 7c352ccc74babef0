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

#include "rule/matcher.h"
#include "rule/rule_set.h"
#include "template/template.h"

/* Rule is its first member, so that a Rule * is a LoadedRule * as well. */
typedef struct LoadedRule
{
	Rule		rule;
	ItemPointerData tid;		/* row version that it was made from */
	TransactionId xmin;
	Jsonb	   *steps;
	Jsonb	   *on_failure;
	MemoryContext code_context; /* of flow and condition; NULL until one is made */
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

struct RuleSet
{
	MemoryContext context;		/* of all but the code of rules */
	int			rule_count;
	LoadedRule *rules;			/* in the order in which they are applied */
	LoadedRule **by_name;
	int			mute_count;
	Mute	   *mutes;
	int			route_count;
	Route	   *routes;
	Matcher    *matcher;
	MatchState *state;

	/* the last match */
	int64		event_id;		/* 0: none that can be used again */
	const int  *numbers;
	int			number_count;
	Rule	  **matched;		/* room for all rules */
};

/*
 * Reads the tables as they are now.  What was compiled for rules of the old
 * set, which may be NULL, and has not changed goes over to the new one.
 */
extern RuleSet *respond_rule_set_load(RuleSet *old);

/* Fills a mute or route from the values of its row; copies into the current context. */
extern void respond_mute_read(Mute *mute, const Datum *values, const bool *nulls);
extern bool respond_route_read(Route *route, const Datum *values, const bool *nulls);

/* Whether the event lies in the mute's window, and what to say of it. */
extern bool respond_mute_covers(const Mute *mute, const Event *event);
extern char *respond_mute_text(const Mute *mute);

/* Sends the NOTIFY. */
extern void respond_route_send(const Route *route, const Event *event);

#endif							/* RESPOND_RULE_SET_CODE_H */
