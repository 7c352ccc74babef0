/*-------------------------------------------------------------------------
 * rule_version_cache.c
 *	  Versions of rules that runs continue on, compiled once.
 *
 * A version never changes, but its owner may be dropped or renamed.
 *
 * src/rule/rule_version_cache.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "rule/rule_version.h"
#include "rule/rule_version_cache.h"

/* So many are kept; what is more begins anew. */
#define MOST_VERSIONS	1000

typedef struct VersionEntry
{
	uint32		hash;
	struct VersionEntry *next;
	Rule	   *rule;
} VersionEntry;

#define BUCKETS			256

static struct
{
	MemoryContext context;		/* NULL: nothing is kept */
	int			count;
	bool		is_stale;		/* written by invalidation callbacks */
	VersionEntry *buckets[BUCKETS];
}			cache;

static void
roles_changed(Datum argument, int syscache, uint32 hash)
{
	cache.is_stale = true;
}

static void
begin_anew(void)
{
	static bool registered = false;

	if (!registered)
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	registered = true;
	/* a run that is going on may be in a step that calls another rule */
	if (cache.context != NULL)
		MemoryContextSetParent(cache.context, TopTransactionContext);
	memset(cache.buckets, 0, sizeof(cache.buckets));
	cache.count = 0;
	cache.is_stale = false;
	cache.context = AllocSetContextCreate(TopMemoryContext, "pg_respond versions of rules", ALLOCSET_DEFAULT_SIZES);
}

static uint32
hash_version(const char *name, int32 version)
{
	return hash_combine(hash_bytes((const unsigned char *) name, strlen(name)), hash_bytes_uint32(version));
}

static Rule *
load(const char *name, int32 version, uint32 hash)
{
	MemoryContext caller = MemoryContextSwitchTo(cache.context);
	VersionEntry *entry;
	Rule	   *rule = respond_rule_version_load(name, version);

	if (rule != NULL)
	{
		entry = palloc(sizeof(VersionEntry));
		entry->hash = hash;
		entry->rule = rule;
		entry->next = cache.buckets[hash % BUCKETS];
		cache.buckets[hash % BUCKETS] = entry;
		cache.count++;
	}
	MemoryContextSwitchTo(caller);
	return rule;
}

Rule *
respond_rule_version_get(const char *name, int32 version)
{
	uint32		hash = hash_version(name, version);

	AcceptInvalidationMessages();
	if (cache.context == NULL || cache.is_stale || cache.count >= MOST_VERSIONS)
		begin_anew();
	for (VersionEntry *entry = cache.buckets[hash % BUCKETS]; entry != NULL; entry = entry->next)
		if (entry->hash == hash && entry->rule->version == version && strcmp(entry->rule->name, name) == 0)
			return entry->rule;
	return load(name, version, hash);
}
