/*-------------------------------------------------------------------------
 * wait_pattern_set.h
 *	  Patterns of awaited events, compiled together.
 *
 * src/wait/wait_pattern_set.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_PATTERN_SET_H
#define RESPOND_WAIT_PATTERN_SET_H

#include "event/event.h"
#include "wait/wait_key.h"

/* What one alternative of a wait step of a version of a rule waits for. */
typedef struct WaitPattern
{
	const char *rule;
	int32		rule_version;
	const char *step;
	int			alternative;
	const char *event_type;
	Jsonb	   *pattern;		/* NULL: any event of the type */
	const char *event_key;		/* path as in templates: "data.payment_id", "subject" */
} WaitPattern;

/* One that is in a set. */
typedef struct KnownPattern
{
	int64		id;
	WaitPattern pattern;
	WaitKey    *key;
	int			next;			/* another one with this id, -1: none */
} KnownPattern;

typedef struct WaitPatternSet WaitPatternSet;

/* A number made from all that the pattern says. */
extern int64 respond_wait_pattern_id(const WaitPattern *pattern);

/* In a context of its own, a child of the current one. */
extern WaitPatternSet *respond_wait_set_create(void);
extern MemoryContext respond_wait_set_context(const WaitPatternSet *set);
extern void respond_wait_set_destroy(WaitPatternSet *set);

/*
 * Adds a copy, unless it is there already.  Raises ERRCODE_RESPOND_INVALID_RULE
 * when its pattern or path is invalid; the set is then as before.
 */
extern void respond_wait_set_add(WaitPatternSet *set, int64 id, const WaitPattern *pattern);

extern int	respond_wait_set_count(const WaitPatternSet *set);
extern const KnownPattern *respond_wait_set_get(const WaitPatternSet *set, int number);

/* The one with this id, of the same step; NULL when there is none. */
extern const KnownPattern *respond_wait_set_find(const WaitPatternSet *set, int64 id, const char *rule,
												 int32 rule_version, const char *step, int alternative);

/*
 * Numbers of the patterns that the event meets, ascending, good until the next
 * match or change.  The keys are not looked at.  An event whose data is
 * beyond the limit must not be passed.
 */
extern int	respond_wait_set_match(WaitPatternSet *set, const Event *event, const int **numbers);

/* Whether it meets this one. */
extern bool respond_wait_set_meets(WaitPatternSet *set, const KnownPattern *known, const Event *event);

#endif							/* RESPOND_WAIT_PATTERN_SET_H */
