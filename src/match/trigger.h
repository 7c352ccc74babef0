/*-------------------------------------------------------------------------
 * trigger.h
 *	  What an index can look up of a condition.
 *
 * A trigger is a fact about an event that must be true for a test to hold,
 * and that a look-up finds: the field has this value, begins with these
 * bytes, lies in this interval.  A condition holds only if one of its
 * triggers fires; the reverse need not be.
 *
 * src/match/trigger.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRIGGER_H
#define RESPOND_TRIGGER_H

#include "match/event_fields.h"
#include "match/hash.h"
#include "match/pattern.h"

typedef enum TriggerKind
{
	TRIGGER_VALUE,				/* a value, of any type */
	TRIGGER_FOLD,				/* a string, ignoring case */
	TRIGGER_PREFIX,				/* its first bytes */
	TRIGGER_SUFFIX,
	TRIGGER_FOLD_PREFIX,		/* its first characters, ignoring case */
	TRIGGER_FOLD_SUFFIX,
	TRIGGER_GRAM,				/* 1 to 4 bytes anywhere */
	TRIGGER_NETWORK,			/* the first bits of an address */
	TRIGGER_RANGE,				/* an interval of numbers */
	TRIGGER_PRESENT,			/* the field has a value */
	TRIGGER_ABSENT				/* the field may be seen as absent */
} TriggerKind;

/* Longer prefixes and suffixes are looked up by this much of them. */
#define TRIGGER_LENGTH_LIMIT	64
#define TRIGGER_GRAM_LIMIT		4

typedef struct Trigger
{
	TriggerKind kind;
	int			field;
	int			length;			/* bytes, characters, bits or gram length */
	int			family;			/* TRIGGER_NETWORK: bits of its addresses */
	uint64_t	hash;			/* of kind, field and what is looked up */
	double		low;			/* TRIGGER_RANGE */
	double		high;
} Trigger;

typedef struct TriggerList
{
	int			count;
	Trigger    *triggers;
} TriggerList;

/* The triggers of a condition; there is always at least one. */
extern TriggerList respond_triggers_of(Arena *arena, int field, const TestList *tests);

/*
 * How many candidates a trigger costs an event, roughly and relative to the
 * others, when `sharing` combinations have it.
 */
extern double respond_trigger_cost(const Trigger *trigger, int sharing);

/* The hash of a trigger, given the hash of what is looked up. */
static inline uint64_t
respond_trigger_hash(TriggerKind kind, int field, int length, uint64_t hash)
{
	return respond_hash_combine(hash, (uint64_t) field << 12 | (uint64_t) length << 4 | (uint64_t) kind);
}

/* Is it looked up by its hash?  The others have structures of their own. */
static inline bool
respond_trigger_is_hashed(TriggerKind kind)
{
	return kind < TRIGGER_RANGE;
}

/* Hashes of what is looked up. */
extern uint64_t respond_value_hash(const FieldValue *value);
extern uint64_t respond_fold_hash(const char *text, size_t length);
extern uint64_t respond_network_hash(const Address *address, int bits);

#endif							/* RESPOND_TRIGGER_H */
