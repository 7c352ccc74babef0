/*-------------------------------------------------------------------------
 * stream_list.c
 *	  The streams that are open in this process.
 *
 * src/stream/stream_list.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/grow.h"
#include "common/metric.h"
#include "stream/stream_list.h"

static MemoryContext context = NULL;	/* of all below; NULL: no stream was ever opened */
static HTAB *streams = NULL;
static HTAB *tokens = NULL;
static dlist_head late_ones = DLIST_STATIC_INIT(late_ones);

static HTAB *
make_table(const char *name, Size key, Size entry)
{
	HASHCTL		control = {.keysize = key,.entrysize = entry,.hcxt = context};

	return hash_create(name, 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
open_list(void)
{
	if (context != NULL)
		return;
	context = AllocSetContextCreate(TopMemoryContext, "pg_respond streams", ALLOCSET_DEFAULT_SIZES);
	streams = make_table("pg_respond streams", sizeof(uint64), sizeof(Stream));
	tokens = make_table("pg_respond stream tokens", sizeof(((StreamToken *) 0)->key), sizeof(StreamToken));
}

static StreamToken *
take_token(const Token *token)
{
	StreamToken wanted;
	StreamToken *entry;
	bool		found;

	memset(&wanted, 0, sizeof(wanted));
	memcpy(wanted.key.hash, token->hash, TOKEN_HASH_SIZE);
	wanted.key.role = token->role;
	strlcpy(wanted.key.peer, token->peer, sizeof(wanted.key.peer));
	entry = hash_search(tokens, &wanted.key, HASH_ENTER, &found);
	if (!found)
		entry->users = 0;
	entry->is_good = true;
	entry->users++;
	return entry;
}

static void
make_live(Stream *stream)
{
	StreamGroup *group = stream->group;

	group->live = respond_grow(context, group->live, group->live_count, &group->live_room, sizeof(Stream *));
	stream->late = NULL;
	stream->at = group->live_count;
	group->live[group->live_count++] = stream;
}

Stream *
respond_stream_add(uint64 request, const Token *token, const char *type, Jsonb *pattern)
{
	Stream	   *stream;
	StreamGroup *group;
	StreamToken *kept;

	open_list();
	if (respond_stream_find(request) != NULL)
		elog(ERROR, "request " UINT64_FORMAT " is a stream already", request);
	group = respond_stream_group_join(token->role, type, pattern);
	kept = take_token(token);
	stream = hash_search(streams, &request, HASH_ENTER, NULL);
	stream->group = group;
	stream->token = kept;
	stream->greeted = false;
	stream->reset = NULL;
	make_live(stream);
	respond_metric_add(METRIC_STREAMS_OPENED, 1);
	respond_metric_set(METRIC_STREAMS_OPEN, respond_stream_count());
	return stream;
}

Stream *
respond_stream_find(uint64 request)
{
	return streams != NULL ? hash_search(streams, &request, HASH_FIND, NULL) : NULL;
}

static void
drop_late(StreamLate *late)
{
	dlist_delete(&late->node);
	respond_stream_reader_close(&late->reader);
	if (late->place != NULL)
		pfree(late->place);
	pfree(late->streams);
	pfree(late);
}

/* Takes it out of the list that it is in; the last one takes its place. */
static void
unlist(Stream *stream)
{
	StreamLate *late = stream->late;
	Stream	  **list = late != NULL ? late->streams : stream->group->live;
	int		   *count = late != NULL ? &late->count : &stream->group->live_count;

	list[stream->at] = list[--*count];
	list[stream->at]->at = stream->at;
	if (late != NULL)
		late->sorted = false;
	if (late != NULL && *count == 0)
		drop_late(late);
}

void
respond_stream_remove(Stream *stream)
{
	unlist(stream);
	respond_stream_group_leave(stream->group);
	if (--stream->token->users == 0)
		hash_search(tokens, &stream->token->key, HASH_REMOVE, NULL);
	hash_search(streams, &stream->request, HASH_REMOVE, NULL);
	respond_metric_set(METRIC_STREAMS_OPEN, respond_stream_count());
}

/* Those that come back after a restart often have the same place, and go on together. */
static StreamLate *
find_late(const char *place)
{
	dlist_iter	iter;
	StreamLate *late;

	dlist_foreach(iter, &late_ones)
	{
		late = dlist_container(StreamLate, node, iter.cur);
		if (late->place != NULL && strcmp(late->place, place) == 0)
			return late;
	}
	late = MemoryContextAllocZero(context, sizeof(StreamLate));
	late->place = MemoryContextStrdup(context, place);
	dlist_push_tail(&late_ones, &late->node);
	return late;
}

void
respond_stream_delay(Stream *stream, const char *place)
{
	StreamLate *late = find_late(place);

	unlist(stream);
	late->streams = respond_grow(context, late->streams, late->count, &late->room, sizeof(Stream *));
	stream->late = late;
	stream->at = late->count;
	late->sorted = false;
	late->streams[late->count++] = stream;
}

void
respond_stream_late_join(StreamLate *late)
{
	for (int i = 0; i < late->count; i++)
		make_live(late->streams[i]);
	drop_late(late);
}

StreamLate *
respond_stream_late_first(void)
{
	return dlist_is_empty(&late_ones) ? NULL : dlist_head_element(StreamLate, node, &late_ones);
}

void
respond_stream_late_turn(StreamLate *late)
{
	dlist_delete(&late->node);
	dlist_push_tail(&late_ones, &late->node);
}

static int
compare_groups(const StreamGroup *left, const StreamGroup *right)
{
	return (uintptr_t) left < (uintptr_t) right ? -1 : left != right;
}

static int
compare_by_group(const void *a, const void *b)
{
	return compare_groups((*(Stream *const *) a)->group, (*(Stream *const *) b)->group);
}

static void
sort_late(StreamLate *late)
{
	if (late->sorted)
		return;
	qsort(late->streams, late->count, sizeof(Stream *), compare_by_group);
	for (int i = 0; i < late->count; i++)
		late->streams[i]->at = i;
	late->sorted = true;
}

/* The first that is of this group, or of one behind it. */
static int
first_of(const StreamLate *late, const StreamGroup *group)
{
	int			first = 0;
	int			end = late->count;

	while (first < end)
	{
		int			middle = first + (end - first) / 2;

		if (compare_groups(late->streams[middle]->group, group) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

Stream **
respond_stream_late_of(StreamLate *late, const StreamGroup *group, int *count)
{
	int			first;
	int			end;

	sort_late(late);
	first = end = first_of(late, group);
	while (end < late->count && late->streams[end]->group == group)
		end++;
	*count = end - first;
	return late->streams + first;
}

int
respond_stream_count(void)
{
	return streams != NULL ? (int) hash_get_num_entries(streams) : 0;
}

void
respond_stream_each(StreamVisit visit, void *argument)
{
	HASH_SEQ_STATUS status;
	Stream	   *stream;

	if (streams == NULL)
		return;
	hash_seq_init(&status, streams);
	while ((stream = hash_seq_search(&status)) != NULL)
		visit(stream, argument);
}

void
respond_stream_each_token(StreamTokenVisit visit, void *argument)
{
	HASH_SEQ_STATUS status;
	StreamToken *token;

	if (tokens == NULL)
		return;
	hash_seq_init(&status, tokens);
	while ((token = hash_seq_search(&status)) != NULL)
		visit(token, argument);
}
