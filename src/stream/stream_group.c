/*-------------------------------------------------------------------------
 * stream_group.c
 *	  Streams that see the same events: the same role follows the same type and pattern.
 *
 * Types and patterns are compiled into two matchers: a large one, and a small
 * one for groups that came since.  A matcher is made when an event is to be
 * matched, so a thousand groups that come at once are compiled once.  The large
 * one is made anew when the small one has grown to a part of it, or when many
 * of its groups have left.
 *
 * src/stream/stream_group.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/glob.h"
#include "common/grow.h"
#include "common/hashfn.h"
#include "match/flatten_event.h"
#include "match/pattern_jsonb.h"
#include "stream/stream_group.h"
#include "utils/hsearch.h"

/* Groups from which on the large matcher is made anew, and the part of it, as a divisor. */
#define SMALL_PART		64
#define PART_OF_LARGE	4

/* Roles are compared whole: what two hashes have in common gives nobody another's events. */
typedef struct GroupKey
{
	uint64		type;
	uint64		pattern;
	uint64		role;
} GroupKey;

typedef struct GroupEntry
{
	GroupKey	key;
	StreamGroup *group;			/* the one that is found by it */
} GroupEntry;

/* Groups that are matched together. */
typedef struct Part
{
	MemoryContext context;		/* NULL: there is none */
	MatchState *state;
	int			first;			/* number of the first group */
	int			count;			/* groups that it was made of */
} Part;

static MemoryContext context = NULL;
static HTAB *by_key = NULL;
static StreamGroup **groups = NULL;
static int	group_count = 0;	/* places in use; NULL: its group has left */
static int	group_room = 0;
static int	left_count = 0;		/* of those, NULL */
static StreamGroup **met_groups = NULL; /* that the event meets which was matched last */
static int	met_count = 0;
static int	met_room = 0;
static Part large;
static Part small;

static void
open_groups(void)
{
	HASHCTL		control = {.keysize = sizeof(GroupKey),.entrysize = sizeof(GroupEntry)};

	if (context != NULL)
		return;
	context = AllocSetContextCreate(TopMemoryContext, "pg_respond stream groups", ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context;
	by_key = hash_create("pg_respond stream groups", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static GroupKey
key_of(Oid role, const char *type, const Jsonb *pattern)
{
	GroupKey	key;

	memset(&key, 0, sizeof(key));
	key.role = role;
	if (type != NULL)
		key.type = hash_bytes_extended((const unsigned char *) type, strlen(type), 1);
	if (pattern != NULL)
		key.pattern = hash_bytes_extended((const unsigned char *) pattern, VARSIZE(pattern), 1);
	return key;
}

static bool
is_meant(const StreamGroup *group, const char *type, const Jsonb *pattern)
{
	if ((group->type == NULL) != (type == NULL) || (group->pattern == NULL) != (pattern == NULL))
		return false;
	return (type == NULL || strcmp(group->type, type) == 0) &&
		(pattern == NULL || (VARSIZE(group->pattern) == VARSIZE(pattern) &&
							 memcmp(group->pattern, pattern, VARSIZE(pattern)) == 0));
}

static StreamGroup *
make_group(Oid role, const char *type, const Jsonb *pattern)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	StreamGroup *group = palloc0(sizeof(StreamGroup));

	group->role = role;
	group->type = type != NULL ? pstrdup(type) : NULL;
	if (pattern != NULL)
	{
		group->pattern = palloc(VARSIZE(pattern));
		memcpy(group->pattern, pattern, VARSIZE(pattern));
	}
	groups = respond_grow(context, groups, group_count, &group_room, sizeof(StreamGroup *));
	group->number = group_count;
	groups[group_count++] = group;
	MemoryContextSwitchTo(caller);
	return group;
}

StreamGroup *
respond_stream_group_join(Oid role, const char *type, Jsonb *pattern)
{
	GroupKey	key = key_of(role, type, pattern);
	GroupEntry *entry;
	StreamGroup *group;

	open_groups();
	entry = hash_search(by_key, &key, HASH_FIND, NULL);
	group = entry != NULL && is_meant(entry->group, type, pattern) ? entry->group : NULL;
	if (group == NULL)
	{
		group = make_group(role, type, pattern);
		if (entry == NULL)
			entry = hash_search(by_key, &key, HASH_ENTER, NULL);
		entry->group = group;
	}
	group->users++;
	return group;
}

static void
forget_part(Part *part)
{
	if (part->context != NULL)
		MemoryContextDelete(part->context);
	memset(part, 0, sizeof(Part));
}

/* Nobody follows anything. */
static void
forget_all(void)
{
	forget_part(&large);
	forget_part(&small);
	MemoryContextDelete(context);
	context = NULL;
	groups = met_groups = NULL;
	group_count = group_room = left_count = met_count = met_room = 0;
}

/* Its place stays empty until all are numbered anew, and the matchers that know it go on finding it. */
void
respond_stream_group_leave(StreamGroup *group)
{
	GroupKey	key;
	GroupEntry *entry;

	if (--group->users > 0)
		return;
	key = key_of(group->role, group->type, group->pattern);
	entry = hash_search(by_key, &key, HASH_FIND, NULL);
	if (entry != NULL && entry->group == group)
		hash_search(by_key, &key, HASH_REMOVE, NULL);
	groups[group->number] = NULL;
	if (group->live != NULL)
		pfree(group->live);
	if (group->type != NULL)
		pfree(group->type);
	if (group->pattern != NULL)
		pfree(group->pattern);
	pfree(group);
	if (++left_count == group_count)
		forget_all();
}

static void
close_gaps(void)
{
	int			kept = 0;

	for (int i = 0; i < group_count; i++)
	{
		if (groups[i] == NULL)
			continue;
		groups[kept] = groups[i];
		groups[kept]->number = kept;
		kept++;
	}
	group_count = kept;
	left_count = 0;
}

/* Patterns were checked when their streams began. */
static void
make_part(Part *part, int first, int count)
{
	MemoryContext made = AllocSetContextCreate(context, "pg_respond stream matcher", ALLOCSET_DEFAULT_SIZES);
	ArenaSource source = respond_arena_source_in(made);
	Matcher    *matcher = respond_matcher_begin(&source);

	for (int i = first; i < first + count; i++)
	{
		PatternError error;

		if (groups[i] != NULL && !respond_matcher_add_jsonb(matcher, i, groups[i]->type, groups[i]->pattern, &error))
			respond_pattern_report("pattern", &error);
	}
	respond_matcher_finish(matcher);
	forget_part(part);
	part->state = respond_matcher_state_create(matcher, &source);
	respond_matcher_state_prepare(part->state);
	part->context = made;
	part->first = first;
	part->count = count;
}

static void
make_matchers(void)
{
	int			newer = group_count - large.count;

	if (large.context == NULL || left_count > SMALL_PART + group_count / 2 ||
		newer > SMALL_PART + large.count / PART_OF_LARGE)
	{
		forget_part(&large);
		forget_part(&small);
		close_gaps();
		make_part(&large, 0, group_count);
	}
	else if (newer != small.count)
		make_part(&small, large.count, newer);
}

static void
meet(StreamGroup *group)
{
	met_groups = respond_grow(context, met_groups, met_count, &met_room, sizeof(StreamGroup *));
	met_groups[met_count++] = group;
}

static void
match_part(Part *part, const Event *event)
{
	const int  *numbers;
	int			count;

	if (part->context == NULL)
		return;
	respond_flatten_event(respond_state_event(part->state), event);
	respond_matcher_match(part->state, &numbers, &count);
	for (int i = 0; i < count; i++)
		if (groups[numbers[i]] != NULL)
			meet(groups[numbers[i]]);
}

int
respond_stream_group_match(const Event *event, StreamGroup ***met)
{
	make_matchers();
	met_count = 0;
	match_part(&large, event);
	match_part(&small, event);
	*met = met_groups;
	return met_count;
}

int
respond_stream_group_match_type(const Event *event, StreamGroup ***met)
{
	met_count = 0;
	for (int i = 0; i < group_count; i++)
	{
		StreamGroup *group = groups[i];

		if (group != NULL && group->pattern == NULL &&
			(group->type == NULL || respond_glob_matches(group->type, event->type, strlen(event->type))))
			meet(group);
	}
	*met = met_groups;
	return met_count;
}

int
respond_stream_group_count(void)
{
	return group_count;
}

StreamGroup *
respond_stream_group_get(int number)
{
	return groups[number];
}
