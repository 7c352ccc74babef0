/*-------------------------------------------------------------------------
 * source_cache.c
 *	  The sources of this database, as the worker that answers requests keeps them.
 *
 * They are read, with their secrets, when the first request comes, and again
 * when a message says that sources, schemes or secrets changed, which arrives
 * when the change commits.  Where a secret could not be decrypted, they are read
 * again after a while: the file of keys may be back.
 *
 * src/inbound/source_cache.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/partition_write.h"
#include "common/relation_change.h"
#include "inbound/source_cache.h"

/* Milliseconds until secrets are tried again. */
#define TRY_AGAIN	1000

static SourceCache cache;
static MemoryContext cache_context = NULL;
static HTAB *states = NULL;
static Oid	source_table = InvalidOid;
static uint64 generation = 1;	/* of what the tables say */
static uint64 cached_generation = 0;	/* of what the cache holds */
static uint64 reads = 0;
static TimestampTz read_at = 0;
static bool has_fault = false;	/* a secret could not be decrypted */

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == source_table)
		generation++;
}

bool
respond_source_cache_has_changed(void)
{
	return cached_generation != generation;
}

bool
respond_source_cache_is_stale(void)
{
	return respond_source_cache_has_changed() ||
		(has_fault && TimestampDifferenceExceeds(read_at, GetCurrentTimestamp(), TRY_AGAIN));
}

uint64
respond_source_cache_reads(void)
{
	return reads;
}

static SourceState *
state_of(const pg_uuid_t *id)
{
	SourceState *state;
	bool		found;

	if (states == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(pg_uuid_t),.entrysize = sizeof(SourceState),.hcxt = TopMemoryContext};

		states = hash_create("pg_respond inbound sources", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	state = hash_search(states, id, HASH_ENTER, &found);
	if (!found)
		memset((char *) state + sizeof(state->id), 0, sizeof(*state) - sizeof(state->id));
	state->seen = reads;
	return state;
}

/* Those of sources that are gone go as well. */
static void
forget_states(void)
{
	HASH_SEQ_STATUS walk;
	SourceState *state;

	hash_seq_init(&walk, states);
	while ((state = hash_seq_search(&walk)) != NULL)
		if (state->seen != reads)
			hash_search(states, &state->id, HASH_REMOVE, NULL);
}

static int
compare_paths(const void *left, const void *right)
{
	return strcmp(((const CachedSource *) left)->source->path, ((const CachedSource *) right)->source->path);
}

static void
add_hidden(SourceCache *current, const InboundSource *source)
{
	const char *place = source->scheme.scheme.signature_place;

	if (place == NULL || strncmp(place, "headers.", strlen("headers.")) != 0)
		return;
	current->hidden[current->hidden_count++] = place + strlen("headers.");
}

/* In the current memory context. */
static SourceCache
read_all(void)
{
	static const pg_uuid_t nobody = {{0}};
	SourceCache current = {0};
	InboundSource **found = respond_source_find_all(&current.count);

	current.sources = palloc(sizeof(CachedSource) * (current.count + 1));
	current.hidden = palloc(sizeof(char *) * (current.count + 1));
	reads++;
	current.nowhere = state_of(&nobody);
	has_fault = false;
	for (int i = 0; i < current.count; i++)
	{
		current.sources[i] = (CachedSource) {found[i], state_of(&found[i]->id)};
		add_hidden(&current, found[i]);
		has_fault |= found[i]->fault != NULL;
	}
	qsort(current.sources, current.count, sizeof(CachedSource), compare_paths);
	return current;
}

static void
drop(void)
{
	for (int i = 0; i < cache.count; i++)
		respond_source_close(cache.sources[i].source);
	if (cache_context != NULL)
		MemoryContextDelete(cache_context);
	cache_context = NULL;
	memset(&cache, 0, sizeof(cache));
}

const SourceCache *
respond_source_cache(void)
{
	MemoryContext context;
	MemoryContext caller;
	SourceCache current;
	uint64		before;
	static bool registered = false;

	if (!registered)
	{
		respond_relation_on_change(table_changed);
		registered = true;
	}
	AcceptInvalidationMessages();
	if (!respond_source_cache_is_stale())
		return &cache;
	source_table = respond_relation_oid("respond", "inbound_source");
	/* a change that comes while they are read must count */
	before = generation;
	/* below the caller's context until it is complete, so that an error leaves nothing behind */
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond inbound sources", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	current = read_all();
	MemoryContextSwitchTo(caller);
	drop();
	MemoryContextSetParent(context, TopMemoryContext);
	cache_context = context;
	cache = current;
	forget_states();
	cached_generation = before;
	read_at = GetCurrentTimestamp();
	return &cache;
}

const CachedSource *
respond_source_cache_find(const SourceCache *current, const char *path)
{
	InboundSource wanted = {.path = path};
	CachedSource key = {&wanted};

	if (current->count == 0)
		return NULL;
	return bsearch(&key, current->sources, current->count, sizeof(CachedSource), compare_paths);
}
