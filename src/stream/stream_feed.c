/*-------------------------------------------------------------------------
 * stream_feed.c
 *	  What was read of the log, sent to the streams that it is for.
 *
 * An event becomes text once, and goes out as one frame that names the streams.
 * Before anything is sent, the WAL is flushed up to its commit, and a synchronous
 * standby must have confirmed it: what leaves the database is durable.
 *
 * src/stream/stream_feed.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "audit/mask.h"
#include "common/arena_server.h"
#include "common/grow.h"
#include "common/metric.h"
#include "common/sync_standby.h"
#include "stream/event_message.h"
#include "stream/sse_text.h"
#include "stream/stream_feed.h"
#include "stream/stream_resume.h"

/* Of one turn: events that are sent, and those that are looked at for it. */
#define MOST_EVENTS		500
#define MOST_LOOKED_AT	4000

/* An event, and the groups that it is for. */
typedef struct Item
{
	const Event *event;
	JsonText	text;
	int			group_count;
	StreamGroup **groups;
} Item;

/* What a role with row level security sees of the items. */
typedef struct RoleLook
{
	Oid			role;
	bool	   *visible;		/* by item */
} RoleLook;

typedef struct Feed
{
	StreamReader *reader;
	StreamLate *late;			/* NULL: for those that are live */
	FrameBuffer *out;
	Arena	   *arena;
	MemoryContext spare;		/* of the next event, empty */
	int			begin;			/* entry of the window at which the items begin */
	int			looked_at;
	int			count;
	Item		items[MOST_EVENTS];
	List	   *looks;
	List	   *blind;			/* roles whose looks failed */
} Feed;

static void
put_frame(FrameBuffer *out, FrameKind kind, Stream **streams, int count, const JsonText *text)
{
	if (count == 0)
		return;
	respond_frame_begin(out, kind, 0);
	respond_frame_put_number(out, count);
	for (int i = 0; i < count; i++)
		respond_frame_put_number(out, streams[i]->request);
	respond_frame_put_text(out, text->bytes, text->length);
	if (!respond_frame_end(out))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("no memory for what is to be sent to streams")));
}

void
respond_stream_end(Stream *stream, FrameBuffer *out)
{
	JsonText	text = {.bytes = "",.length = 0};

	put_frame(out, FRAME_STREAM_END, &stream, 1, &text);
	respond_stream_remove(stream);
}

/* Those who hear of the group here. */
static Stream **
hearers(const Feed *feed, StreamGroup *group, int *count)
{
	if (feed->late != NULL)
		return respond_stream_late_of(feed->late, group, count);
	*count = group->live_count;
	return group->live;
}

/* The groups that somebody hears of here. */
static void
note_groups(Feed *feed, Item *item, StreamGroup **met, int met_count)
{
	item->groups = palloc(sizeof(StreamGroup *) * Max(met_count, 1));
	item->group_count = 0;
	for (int i = 0; i < met_count; i++)
	{
		int			count;

		(void) hearers(feed, met[i], &count);
		if (count > 0 && met[i]->sight != SIGHT_NOTHING)
			item->groups[item->group_count++] = met[i];
	}
}

/* Reads the next event into the spare memory; false: there is none. */
static bool
fetch(Feed *feed, Item *item)
{
	MemoryContext caller = CurrentMemoryContext;

	if (feed->spare == NULL)
		feed->spare = AllocSetContextCreate(caller, "pg_respond stream event", ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(feed->spare);
	feed->looked_at++;
	MemoryContextSwitchTo(feed->spare);
	item->event = respond_stream_reader_next(feed->reader);
	MemoryContextSwitchTo(caller);
	return item->event != NULL;
}

static bool
is_for_somebody(Feed *feed, Item *item)
{
	StreamGroup **met;
	int			count = respond_event_message_match(item->event, &met);

	if (count == 0)
		return false;
	note_groups(feed, item, met, count);
	return item->group_count > 0;
}

/* Adds the event to the items; false: those before it go out first. */
static bool
keep(Feed *feed, Item *item, size_t *bytes)
{
	const char *data;
	size_t		length;
	char	   *place = respond_stream_reader_place(feed->reader, feed->arena);

	if (place == NULL && !feed->reader->by_xid)
	{
		respond_stream_reader_back(feed->reader);
		if (feed->count > 0)
			return false;
		respond_stream_reader_reorder(feed->reader);
		return true;
	}
	if (feed->count == 0)
		feed->begin = feed->reader->window->next - 1;
	data = respond_event_message(item->event, &length);
	respond_json_text_begin(&item->text, feed->arena);
	if (place != NULL)
		respond_sse_field(&item->text, "id", place);
	respond_sse_data(&item->text, data, length);
	respond_sse_end(&item->text);
	*bytes += item->text.length;
	feed->count++;
	feed->spare = NULL;
	return true;
}

/* Takes the next event; false: there is none, or what was taken goes out first. */
static bool
take_event(Feed *feed, size_t *bytes)
{
	Item	   *item = &feed->items[feed->count];
	bool		goes_on;

	if (!fetch(feed, item))
		return false;
	goes_on = !is_for_somebody(feed, item) || keep(feed, item, bytes);
	/* those of a whole window would be too many */
	respond_mask_forget_events();
	return goes_on;
}

static RoleLook *
find_look(const Feed *feed, Oid role)
{
	ListCell   *cell;

	foreach(cell, feed->looks)
	{
		RoleLook   *look = lfirst(cell);

		if (look->role == role)
			return look;
	}
	return NULL;
}

static bool
concerns(const Item *item, Oid role)
{
	for (int i = 0; i < item->group_count; i++)
		if (item->groups[i]->role == role)
			return true;
	return false;
}

/* Asks the database which of the events a role sees that its streams want. */
static void
look_as(Feed *feed, Oid role)
{
	RoleLook   *look = palloc(sizeof(RoleLook));
	const Event **events = palloc(sizeof(Event *) * feed->count);
	int		   *places = palloc(sizeof(int) * feed->count);
	bool	   *visible = palloc(sizeof(bool) * feed->count);
	MemoryContext context = CurrentMemoryContext;
	int			count = 0;

	look->role = role;
	look->visible = palloc0(sizeof(bool) * feed->count);
	for (int i = 0; i < feed->count; i++)
	{
		if (!concerns(&feed->items[i], role))
			continue;
		places[count] = i;
		events[count++] = feed->items[i].event;
	}
	PG_TRY();
	{
		respond_stream_look(role, events, count, visible);
	}
	PG_CATCH();
	{
		/* a policy of theirs that fails is their affair; what it did is rolled back */
		MemoryContextSwitchTo(context);
		EmitErrorReport();
		FlushErrorState();
		memset(visible, false, sizeof(bool) * feed->count);
		feed->blind = lappend_oid(feed->blind, role);
	}
	PG_END_TRY();
	for (int i = 0; i < count; i++)
		look->visible[places[i]] = visible[i];
	feed->looks = lappend(feed->looks, look);
}

static void
look_as_all(Feed *feed)
{
	for (int i = 0; i < feed->count; i++)
		for (int j = 0; j < feed->items[i].group_count; j++)
		{
			const StreamGroup *group = feed->items[i].groups[j];

			if (group->sight == SIGHT_SOME && find_look(feed, group->role) == NULL)
				look_as(feed, group->role);
		}
}

static bool
is_visible(const Feed *feed, int number, const StreamGroup *group)
{
	return group->sight == SIGHT_ALL ||
		(group->sight == SIGHT_SOME && find_look(feed, group->role)->visible[number]);
}

static Stream **
add_streams(Stream **list, int *count, int *room, Stream **more, int more_count)
{
	for (int i = 0; i < more_count; i++)
	{
		list = respond_grow(CurrentMemoryContext, list, *count, room, sizeof(Stream *));
		list[(*count)++] = more[i];
	}
	return list;
}

static void
send_item(Feed *feed, int number)
{
	const Item *item = &feed->items[number];
	Stream	  **list = NULL;
	int			count = 0;
	int			room = 0;

	for (int i = 0; i < item->group_count; i++)
	{
		StreamGroup *group = item->groups[i];
		Stream	  **more;
		int			more_count;

		if (!is_visible(feed, number, group))
			continue;
		more = hearers(feed, group, &more_count);
		list = add_streams(list, &count, &room, more, more_count);
	}
	put_frame(feed->out, FRAME_STREAM_DATA, list, count, &item->text);
	respond_metric_add(METRIC_STREAM_EVENTS, count);
}

/* What could not be looked at is not lost: whoever followed comes back with his place. */
static void
end_if_blind(Stream *stream, void *context)
{
	Feed	   *feed = context;

	if (list_member_oid(feed->blind, stream->group->role))
		respond_stream_end(stream, feed->out);
}

size_t
respond_stream_feed(StreamReader *reader, StreamLate *late, size_t most, FrameBuffer *out)
{
	Feed	   *feed = palloc0(sizeof(Feed));
	size_t		bytes = 0;

	feed->reader = reader;
	feed->late = late;
	feed->out = out;
	reader->held = false;
	feed->arena = respond_arena_create_in(CurrentMemoryContext);
	while (feed->count < MOST_EVENTS && feed->looked_at < MOST_LOOKED_AT && bytes < most && take_event(feed, &bytes))
		CHECK_FOR_INTERRUPTS();
	if (feed->count == 0)
		return 0;
	XLogFlush(reader->wal);
	reader->held = respond_sync_standby_confirmed() < reader->wal;
	if (reader->held)
	{
		respond_stream_reader_back_to(reader, feed->begin);
		return 0;
	}
	look_as_all(feed);
	for (int i = 0; i < feed->count; i++)
		send_item(feed, i);
	if (feed->blind != NIL)
		respond_stream_each(end_if_blind, feed);
	return bytes;
}

typedef struct Greeting
{
	StreamReader *live;
	FrameBuffer *out;
	Arena	   *arena;
} Greeting;

static void
put_reset(JsonText *text, Arena *arena, const char *fault)
{
	JsonText	data;

	respond_json_text_begin(&data, arena);
	respond_json_text_put(&data, "{");
	respond_json_text_pair(&data, "reason", fault);
	respond_json_text_pair(&data, "detail", respond_stream_resume_words(fault));
	respond_json_text_put(&data, "}");
	respond_sse_field(text, "event", "reset");
	respond_sse_data(text, data.bytes, data.length);
}

static void
greet(Stream *stream, void *context)
{
	Greeting   *greeting = context;
	JsonText	text;
	char	   *place;

	if (stream->greeted && stream->reset == NULL)
		return;
	respond_json_text_begin(&text, greeting->arena);
	respond_sse_field(&text, "retry", STREAM_RETRY);
	/* one that is late keeps the place that it has */
	place = stream->late == NULL ? respond_stream_reader_place(greeting->live, greeting->arena) : NULL;
	if (place != NULL)
		respond_sse_field(&text, "id", place);
	if (stream->reset != NULL)
	{
		put_reset(&text, greeting->arena, stream->reset);
		respond_metric_add(METRIC_STREAMS_RESET, 1);
	}
	respond_sse_end(&text);
	put_frame(greeting->out, FRAME_STREAM_DATA, &stream, 1, &text);
	stream->greeted = true;
	stream->reset = NULL;
}

void
respond_stream_greet(StreamReader *live, FrameBuffer *out)
{
	Greeting	greeting = {live, out, respond_arena_create_in(CurrentMemoryContext)};

	respond_stream_each(greet, &greeting);
}

typedef struct Listed
{
	bool		late;
	int			count;
	Stream	  **streams;
} Listed;

static void
list_stream(Stream *stream, void *context)
{
	Listed	   *listed = context;

	if (stream->greeted && (stream->late != NULL) == listed->late)
		listed->streams[listed->count++] = stream;
}

static void
beat(bool late, const char *place, Arena *arena, FrameBuffer *out)
{
	Listed		listed = {late, 0, palloc(sizeof(Stream *) * Max(respond_stream_count(), 1))};
	JsonText	text;

	respond_stream_each(list_stream, &listed);
	respond_json_text_begin(&text, arena);
	respond_sse_comment(&text);
	if (place != NULL)
		respond_sse_field(&text, "id", place);
	respond_sse_end(&text);
	put_frame(out, FRAME_STREAM_DATA, listed.streams, listed.count, &text);
}

void
respond_stream_beat(StreamReader *live, FrameBuffer *out)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);

	beat(false, live != NULL ? respond_stream_reader_place(live, arena) : NULL, arena, out);
	beat(true, NULL, arena, out);
}
