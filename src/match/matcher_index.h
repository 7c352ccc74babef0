/*-------------------------------------------------------------------------
 * matcher_index.h
 *	  From the values of an event to the combinations that may hold.
 *
 * Every combination is filed under the triggers of one of its conditions, the
 * one that costs least.  Where many combinations share a trigger, they are
 * filed again, under their other conditions, in a node of their own below it.
 * So the index is a tree of nodes; an event starts at the root and goes down
 * where its values lead.
 *
 * Large nodes share one hash table, whose keys include the node.  A small node
 * has a list of keys of its own, which lies in one place and is read through.
 *
 * src/match/matcher_index.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MATCHER_INDEX_H
#define RESPOND_MATCHER_INDEX_H

#include "match/trigger.h"

/*
 * What is filed under a trigger.  It is stored beside the key, because each
 * step to another place in memory costs more than the comparison there.
 */
typedef struct Target
{
	int			at;				/* a combination, node, lookup, small list, or the first of members */
	int			count;			/* of members; or one of these */
#define TARGET_COMBINATION	(-1)
#define TARGET_LOOKUP		(-2)	/* the only one of a node that has nothing else */
#define TARGET_SMALL		(-3)	/* the same where only values are looked up, in smalls */
#define TARGET_NODE			0
} Target;

typedef struct IndexEntry
{
	uint64_t	key;
	Target		target;
} IndexEntry;

/* Intervals of one field, by low end; highest is over the subtree (see lookup). */
typedef struct Interval
{
	double		low;
	double		high;
	double		highest;
	Target		target;
} Interval;

/* How texts are looked up in one field of one node, beside their value. */
typedef struct TextLookup
{
	unsigned	gram_lengths;	/* bit n: grams of n bytes exist */
	bool		folds;			/* TRIGGER_FOLD exists */
	bool		networks;		/* TRIGGER_NETWORK exists */
	uint64_t	prefix_lengths; /* bit n: prefixes of n + 1 bytes exist */
	uint64_t	suffix_lengths;
	uint64_t	fold_prefix_lengths;
	uint64_t	fold_suffix_lengths;
	uint64_t	network_bits[4];	/* [0]: IPv4, bit n; [1..3]: IPv6, bit n of 64 * (i - 1) */
} TextLookup;

/*
 * The keys of a small node, with their targets behind them, in smalls.  field
 * is that of its only lookup, where there is only one.
 */
typedef struct SmallList
{
	int			field;
	int			node;
	int			count;
	uint32_t	keys[];
} SmallList;

/*
 * How the values of one field are looked up in one node.  There are many of
 * these, and most need nothing but the value.
 */
typedef struct FieldLookup
{
	int			field;
	int			node;
	int			small;			/* its SmallList in smalls, or -1: the hash table */
	bool		values;			/* TRIGGER_VALUE exists */
	bool		presence;		/* TRIGGER_PRESENT exists */
	Target		present;		/* then its target */
	int			text;			/* in texts, or -1 */
	int			interval_start;
	int			interval_count;
} FieldLookup;

typedef struct AbsentLookup
{
	int			field;
	Target		target;
} AbsentLookup;

typedef struct IndexNode
{
	int			lookup_start;	/* sorted by field */
	int			lookup_count;
	int			absent_start;
	int			absent_count;
	int			scan_start;		/* members that nothing leads to */
	int			scan_count;
} IndexNode;

typedef struct RuleIndex
{
	size_t		entry_size;		/* a power of two */
	uint8_t    *tags;			/* of the entries; 0 marks a free one */
	IndexEntry *entries;
	int			small_count;
	uint32_t   *smalls;
	int			member_count;
	int		   *members;		/* combinations */
	int			lookup_count;
	FieldLookup *lookups;
	int			text_count;
	TextLookup *texts;
	int			absent_count;
	AbsentLookup *absents;
	int			interval_count;
	Interval   *intervals;
	int			node_count;		/* node 0 is the root */
	IndexNode  *nodes;
	int		   *root_lookups;	/* by field: index of lookups, or -1 */
	int			scan_total;		/* combinations in scan lists */
} RuleIndex;

struct Matcher;
struct MatchState;

/* Memory that only the build needs comes from source and goes back to it. */
extern RuleIndex *respond_index_build(const struct Matcher *matcher, Arena *arena, const ArenaSource *source);

/* Calls respond_match_candidate for whatever the state's event leads to. */
extern void respond_index_lookup(struct MatchState *state);

static inline uint64_t
respond_index_key(int node, uint64_t trigger_hash)
{
	uint64_t	key = (trigger_hash ^ (uint64_t) node) * UINT64_C(0x9E3779B97F4A7C15);

	return key ^ key >> 31;
}

/*
 * Most look-ups find nothing.  The tags, one byte for each entry, are small
 * enough to stay in a near cache, and tell so without touching the entries.
 */
static inline uint8_t
respond_index_tag(uint64_t key)
{
	return (uint8_t) (key >> 56 | 1);
}

#endif							/* RESPOND_MATCHER_INDEX_H */
