/*-------------------------------------------------------------------------
 * counter_table.h
 *	  Tables of counters in shared memory, an entry for each name of each database.
 *
 * src/effect/counter_table.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COUNTER_TABLE_H
#define RESPOND_COUNTER_TABLE_H

#include "datatype/timestamp.h"
#include "port/atomics.h"

#include "common/shmem_area.h"

/* What lies in shared memory. */
typedef struct Counters
{
	TimestampTz since;
	pg_atomic_uint64 words[FLEXIBLE_ARRAY_MEMBER];
} Counters;

typedef struct CounterTable
{
	ShmemArea	area;			/* first, so that it leads to all of it */
	int			entry_words;	/* of an entry; the first is its key, 0 while it is free */
	int			entry_count;	/* a power of two */
	int			probe_limit;	/* entries that are looked at before the table counts as full */
	Counters   *counters;
} CounterTable;

/* A table, by its own name, whose entries have this type: words, the first of them the key. */
#define COUNTER_TABLE(table, name, type, entries, probes) \
	{ \
		{(name), offsetof(Counters, words) + sizeof(type) * (entries), NULL, NULL, (void **) &(table).counters}, \
		sizeof(type) / sizeof(pg_atomic_uint64), (entries), (probes), NULL \
	}

/* Asks for the memory; at load. */
extern void respond_counter_table_request(CounterTable *table);

/* The key of a name in this database. */
extern uint64 respond_counter_key(const char *name);

/* The entry with that key; with take, a free one is taken for it.  NULL: there is none. */
extern void *respond_counter_find(const CounterTable *table, uint64 key, bool take);

#endif							/* RESPOND_COUNTER_TABLE_H */
