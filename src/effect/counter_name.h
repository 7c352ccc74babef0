/*-------------------------------------------------------------------------
 * counter_name.h
 *	  Names of rules and channels that have counters, in shared memory.
 *
 * Counters are found by a hash (counter_table.h); who shows all of them without
 * SQL needs the names.  The first ones of each database have a place, and keep
 * it until the server starts anew; what has none is counted with the others
 * together (common/metric.h).
 *
 * src/effect/counter_name.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COUNTER_NAME_H
#define RESPOND_COUNTER_NAME_H

/* Names of one database that get a place. */
#define COUNTER_NAMES_OF_DATABASE	1000

/* How those are called that have none; a rule or channel of this name is one of them. */
#define COUNTER_NAME_OTHER			"other"

typedef enum CounterNameKind
{
	COUNTER_NAME_RULE,
	COUNTER_NAME_CHANNEL
} CounterNameKind;

/* Asks for the memory; at load. */
extern void respond_counter_name_initialize(void);

/* Whether the name of this key (respond_counter_key()) has a place; it gets one if there is one left. */
extern bool respond_counter_name_take(CounterNameKind kind, uint64 key, const char *name);

/* Whether it has one. */
extern bool respond_counter_name_has(CounterNameKind kind, uint64 key);

/* Calls the function for each name, in UTF-8, of a database. */
typedef void (*CounterNameShow) (void *context, uint64 key, const char *name);
extern void respond_counter_name_each(CounterNameKind kind, Oid database, CounterNameShow show, void *context);

#endif							/* RESPOND_COUNTER_NAME_H */
