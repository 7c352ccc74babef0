/*-------------------------------------------------------------------------
 * counter_name.c
 *	  Names of rules and channels that have counters, in shared memory.
 *
 * src/effect/counter_name.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/metric.h"
#include "common/recode.h"
#include "common/shmem_area.h"
#include "common/utf8_cut.h"
#include "effect/counter_name.h"

/* For each kind; a power of two. */
#define ENTRIES			4096

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		64

/* Bytes of a name with its end; a longer one is cut, and the key tells it from others that begin so. */
#define NAME_SIZE		128
#define KEY_TEXT		"-0123456789abcdef"

typedef struct CounterName
{
	pg_atomic_uint64 key;		/* 0 while it is free */
	pg_atomic_uint32 written;	/* what follows is there */
	Oid			database;
	char		name[NAME_SIZE];
} CounterName;

static CounterName *names = NULL;

static void
fill(const ShmemArea *area, LWLock *lock)
{
	for (int i = 0; i < 2 * ENTRIES; i++)
	{
		pg_atomic_init_u64(&names[i].key, 0);
		pg_atomic_init_u32(&names[i].written, 0);
	}
}

static const ShmemArea area = {"pg_respond counter names", sizeof(CounterName) * 2 * ENTRIES, NULL, fill,
							   (void **) &names};

void
respond_counter_name_initialize(void)
{
	respond_shmem_area_request(&area);
}

static void
write_name(CounterName *entry, uint64 key, const char *name, size_t length)
{
	size_t		cut = length;

	if (length >= NAME_SIZE)
		cut = respond_utf8_cut(name, length, NAME_SIZE - sizeof(KEY_TEXT));
	memcpy(entry->name, name, cut);
	entry->name[cut] = '\0';
	if (cut < length)
		snprintf(entry->name + cut, NAME_SIZE - cut, "-%016llx", (unsigned long long) key);
	entry->database = MyDatabaseId;
	pg_write_barrier();
	pg_atomic_write_u32(&entry->written, 1);
}

/* Whether this database may have another one. */
static bool
count_name(CounterNameKind kind)
{
	DatabaseMetrics *metrics = respond_metric_database();

	if (metrics == NULL || pg_atomic_read_u32(&metrics->names[kind]) >= COUNTER_NAMES_OF_DATABASE)
		return false;
	if (pg_atomic_fetch_add_u32(&metrics->names[kind], 1) < COUNTER_NAMES_OF_DATABASE)
		return true;
	pg_atomic_fetch_sub_u32(&metrics->names[kind], 1);
	return false;
}

/* Nothing raises between the moment in which an entry is taken and that in which it is written. */
static bool
take(CounterName *entry, CounterNameKind kind, uint64 key, const char *name)
{
	size_t		length = strlen(name);
	const char *utf8 = respond_to_utf8(name, &length);
	uint64		nobody = 0;

	if (!count_name(kind))
		return false;
	if (pg_atomic_compare_exchange_u64(&entry->key, &nobody, key))
	{
		write_name(entry, key, utf8, length);
		return true;
	}
	/* somebody else was faster, with this name or another one */
	pg_atomic_fetch_sub_u32(&respond_metric_database()->names[kind], 1);
	return nobody == key;
}

/* The entry with that key, or the free one in which it would be; NULL: there is neither. */
static CounterName *
find(CounterNameKind kind, uint64 key)
{
	for (int i = 0; i < PROBE_LIMIT; i++)
	{
		CounterName *entry = &names[kind * ENTRIES + (int) ((key + i) & (ENTRIES - 1))];
		uint64		present = pg_atomic_read_u64(&entry->key);

		if (present == key || present == 0)
			return entry;
	}
	return NULL;
}

bool
respond_counter_name_has(CounterNameKind kind, uint64 key)
{
	CounterName *entry = find(kind, key);

	return entry != NULL && pg_atomic_read_u64(&entry->key) == key;
}

bool
respond_counter_name_take(CounterNameKind kind, uint64 key, const char *name)
{
	CounterName *entry = find(kind, key);

	if (entry == NULL || strcmp(name, COUNTER_NAME_OTHER) == 0)
		return false;
	return pg_atomic_read_u64(&entry->key) == key || take(entry, kind, key, name);
}

void
respond_counter_name_each(CounterNameKind kind, Oid database, CounterNameShow show, void *context)
{
	for (int i = 0; i < ENTRIES; i++)
	{
		CounterName *entry = &names[kind * ENTRIES + i];

		if (pg_atomic_read_u32(&entry->written) == 0)
			continue;
		pg_read_barrier();
		if (entry->database == database)
			show(context, pg_atomic_read_u64(&entry->key), entry->name);
	}
}
