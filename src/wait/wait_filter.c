/*-------------------------------------------------------------------------
 * wait_filter.c
 *	  Which events some waits can hear, known without a look into a table.
 *
 * Types come first, as a row can be skipped by its type before its data is read;
 * then the keys, one look into a hash table for each path where a key may be.
 *
 * src/wait/wait_filter.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "common/glob.h"
#include "wait/wait_filter.h"
#include "wait/wait_key.h"
#include "wait/wait_pattern.h"

struct WaitFilter
{
	MemoryContext context;
	List	   *types;			/* of AwaitedType * */
	int			path_count;		/* of all types */
	HTAB	   *keys;			/* of AwaitedKey */
	List	   *keyless;		/* of Wait * */
};

typedef struct AwaitedType
{
	const char *glob;
	List	   *paths;			/* of AwaitedPath * */
} AwaitedType;

/* Where events of a type have their key. */
typedef struct AwaitedPath
{
	int			number;
	const char *path;
	WaitKey    *key;
	bool		any;			/* some wait does not know its key yet */
} AwaitedPath;

typedef struct AwaitedKey
{
	int64		key_hash;
	int64		path;			/* number */
} AwaitedKey;

WaitFilter *
respond_wait_filter_create(void)
{
	WaitFilter *filter = palloc0(sizeof(WaitFilter));
	HASHCTL		control = {.keysize = sizeof(AwaitedKey),.entrysize = sizeof(AwaitedKey)};

	filter->context = CurrentMemoryContext;
	control.hcxt = filter->context;
	filter->keys = hash_create("pg_respond awaited keys", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return filter;
}

static AwaitedType *
get_type(WaitFilter *filter, const char *glob)
{
	AwaitedType *type;
	ListCell   *cell;

	foreach(cell, filter->types)
	{
		type = lfirst(cell);
		if (strcmp(type->glob, glob) == 0)
			return type;
	}
	type = palloc0(sizeof(AwaitedType));
	type->glob = pstrdup(glob);
	filter->types = lappend(filter->types, type);
	return type;
}

static AwaitedPath *
get_path(WaitFilter *filter, AwaitedType *type, const char *text)
{
	AwaitedPath *path;
	ListCell   *cell;

	foreach(cell, type->paths)
	{
		path = lfirst(cell);
		if (strcmp(path->path, text) == 0)
			return path;
	}
	path = palloc0(sizeof(AwaitedPath));
	path->number = filter->path_count++;
	path->path = pstrdup(text);
	path->key = respond_wait_key_compile(filter->context, text, "event_key");
	type->paths = lappend(type->paths, path);
	return path;
}

/* One that was armed again takes the place of the former. */
static void
add_keyless(WaitFilter *filter, const Wait *wait)
{
	ListCell   *cell;

	foreach(cell, filter->keyless)
	{
		const Wait *before = lfirst(cell);

		if (before->run_id == wait->run_id && before->alternative == wait->alternative &&
			strcmp(before->step, wait->step) == 0)
		{
			lfirst(cell) = respond_wait_copy(wait);
			return;
		}
	}
	filter->keyless = lappend(filter->keyless, respond_wait_copy(wait));
}

/* A wait whose pattern is not known hears nothing. */
void
respond_wait_filter_add(WaitFilter *filter, const Wait *wait)
{
	const KnownPattern *known = respond_wait_set_find(respond_wait_patterns(), wait->pattern, wait->rule,
													  wait->rule_version, wait->step, wait->alternative);
	AwaitedKey	key = {.key_hash = respond_wait_key_hash(wait->key)};
	AwaitedPath *path;
	MemoryContext caller;

	if (known == NULL)
		return;
	caller = MemoryContextSwitchTo(filter->context);
	path = get_path(filter, get_type(filter, known->pattern.event_type), known->pattern.event_key);
	key.path = path->number;
	if (wait->alternative < 0)
	{
		path->any = true;
		add_keyless(filter, wait);
	}
	else
		(void) hash_search(filter->keys, &key, HASH_ENTER, NULL);
	MemoryContextSwitchTo(caller);
}

bool
respond_wait_filter_wants_type(const WaitFilter *filter, const char *type)
{
	size_t		length = strlen(type);
	ListCell   *cell;

	foreach(cell, filter->types)
		if (respond_glob_matches(((AwaitedType *) lfirst(cell))->glob, type, length))
			return true;
	return false;
}

/* Whether somebody waits for the key that the event has there. */
static bool
is_awaited(const WaitFilter *filter, const AwaitedPath *path, const Event *event)
{
	char	   *text = respond_wait_key_read(path->key, event);
	AwaitedKey	key = {.path = path->number};
	bool		found;

	if (text == NULL)
		return false;
	key.key_hash = respond_wait_key_hash(text);
	(void) hash_search(filter->keys, &key, HASH_FIND, &found);
	pfree(text);
	return found || path->any;
}

bool
respond_wait_filter_wants(const WaitFilter *filter, const Event *event)
{
	size_t		length = strlen(event->type);
	ListCell   *of_type;
	ListCell   *cell;

	foreach(of_type, filter->types)
	{
		const AwaitedType *type = lfirst(of_type);

		if (!respond_glob_matches(type->glob, event->type, length))
			continue;
		foreach(cell, type->paths)
			if (is_awaited(filter, lfirst(cell), event))
				return true;
	}
	return false;
}

List *
respond_wait_filter_keyless(const WaitFilter *filter)
{
	return filter->keyless;
}
