/*-------------------------------------------------------------------------
 * counter_table.c
 *	  Tables of counters in shared memory, an entry for each name of each database.
 *
 * Open-addressed by a hash of database and name.  An entry is taken by whoever
 * counts first, with one compare-and-swap, and never given back: a name that is
 * dropped leaves its entry, and the same name goes on with it.  When the table is
 * full, further names are not counted.
 *
 * Two names with the same 64-bit hash would share an entry; that is accepted.
 *
 * src/effect/counter_table.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "effect/counter_table.h"

static void
fill(const ShmemArea *area, LWLock *lock)
{
	const CounterTable *table = (const CounterTable *) area;

	table->counters->since = GetCurrentTimestamp();
	for (int i = 0; i < table->entry_count * table->entry_words; i++)
		pg_atomic_init_u64(&table->counters->words[i], 0);
}

void
respond_counter_table_request(CounterTable *table)
{
	table->area.fill = fill;
	respond_shmem_area_request(&table->area);
}

uint64
respond_counter_key(const char *name)
{
	uint64		key = hash_bytes_extended((const unsigned char *) name, strlen(name), MyDatabaseId);

	return key != 0 ? key : 1;
}

void *
respond_counter_find(const CounterTable *table, uint64 key, bool take)
{
	for (int i = 0; i < table->probe_limit; i++)
	{
		int			place = (int) ((key + i) & (table->entry_count - 1));
		pg_atomic_uint64 *entry = &table->counters->words[place * table->entry_words];
		uint64		present = pg_atomic_read_u64(entry);

		if (present == 0)
		{
			if (!take)
				return NULL;
			/* on failure present is what somebody else has put there */
			if (pg_atomic_compare_exchange_u64(entry, &present, key))
				return entry;
		}
		if (present == key)
			return entry;
	}
	return NULL;
}
