/*-------------------------------------------------------------------------
 * batch_origin.c
 *	  Which rule and event a run of the present batch belongs to.
 *
 * src/event/batch_origin.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "event/batch_origin.h"

typedef struct OriginEntry
{
	int64		run_id;			/* the key */
	EventContext context;
} OriginEntry;

/* The hash and the names of the rules; NULL when empty. */
static MemoryContext origin_context = NULL;
static HTAB *origins = NULL;

/* Runs come in groups by event and rule: the last name is likely to come again. */
static const char *last_rule = NULL;

static void
create_hash(void)
{
	HASHCTL		control = {0};

	origin_context = AllocSetContextCreate(TopMemoryContext, "pg_respond batch origins",
										   ALLOCSET_DEFAULT_SIZES);
	control.keysize = sizeof(int64);
	control.entrysize = sizeof(OriginEntry);
	control.hcxt = origin_context;
	origins = hash_create("pg_respond batch origins", 1024, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
respond_batch_origin_add(int64 event_id, int64 run_id, const char *rule, int32 depth)
{
	OriginEntry *entry;

	if (origins == NULL)
		create_hash();
	if (last_rule == NULL || strcmp(last_rule, rule) != 0)
		last_rule = MemoryContextStrdup(origin_context, rule);
	entry = hash_search(origins, &run_id, HASH_ENTER, NULL);
	entry->context.rule = last_rule;
	entry->context.run_id = run_id;
	entry->context.event_id = event_id;
	entry->context.depth = depth;
}

const EventContext *
respond_batch_origin_find(int64 run_id)
{
	OriginEntry *entry;

	if (origins == NULL)
		return NULL;
	entry = hash_search(origins, &run_id, HASH_FIND, NULL);
	return entry != NULL ? &entry->context : NULL;
}

void
respond_batch_origin_reset(void)
{
	if (origin_context != NULL)
		MemoryContextDelete(origin_context);
	origin_context = NULL;
	origins = NULL;
	last_rule = NULL;
}
