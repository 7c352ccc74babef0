/*-------------------------------------------------------------------------
 * courier_queue.c
 *	  The pending deliveries that the courier has in mind, channel by channel.
 *
 * The table is the truth, and can hold millions.  The courier keeps the next
 * few of each channel, in the order in which they are due, and knows from where
 * on the table has more.  So its memory is bounded, no channel stands in the
 * way of another, and what waits for tomorrow costs nothing.
 *
 * New deliveries are told of; one that does not fit, or would not be next,
 * pushes out the last or is left in the table.
 *
 * src/courier/courier_queue.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "courier/courier_queue.h"

/* Entries that a channel may have queued; of ordered ones, one for each subject. */
#define QUEUE_LIMIT				1024
#define ORDERED_QUEUE_LIMIT		8192

/* Entries and subjects of all channels together; beyond it each may have only a few. */
#define TOTAL_LIMIT				50000
#define CROWDED_QUEUE_LIMIT		16

/* The table is read again when fewer are queued. */
#define QUEUE_LOW				128

typedef struct QueueNode
{
	RBTNode		node;
	TimestampTz after;
	int64		id;
	Entry	   *entry;
} QueueNode;

/*
 * In an ordered channel, the delivery of a subject that is in mind: no other one of
 * the subject is.
 */
typedef struct SubjectKey
{
	uint64		channel;		/* hash */
	uint64		subject;		/* hash */
} SubjectKey;

typedef struct SubjectHead
{
	SubjectKey	key;			/* hash key */
	int64		id;				/* of the delivery */
	bool		earlier;		/* one with a lower number came to be known while this one was in mind */
} SubjectHead;

static MemoryContext queue_context;
static HTAB *entries;			/* of Entry by id */
static HTAB *heads;				/* of SubjectHead by channel and subject */

static int
compare_nodes(const RBTNode *a, const RBTNode *b, void *argument)
{
	const QueueNode *left = (const QueueNode *) a;
	const QueueNode *right = (const QueueNode *) b;

	if (left->after != right->after)
		return left->after < right->after ? -1 : 1;
	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return 0;
}

static void
combine_nodes(RBTNode *existing, const RBTNode *new_node, void *argument)
{
}

static RBTNode *
allocate_node(void *argument)
{
	return MemoryContextAlloc(queue_context, sizeof(QueueNode));
}

static void
free_node(RBTNode *node, void *argument)
{
	pfree(node);
}

void
respond_courier_queue_open(void)
{
	HASHCTL		entry_control = {.keysize = sizeof(int64),.entrysize = sizeof(Entry)};
	HASHCTL		head_control = {.keysize = sizeof(SubjectKey),.entrysize = sizeof(SubjectHead)};

	queue_context = AllocSetContextCreate(TopMemoryContext, "pg_respond queue", ALLOCSET_DEFAULT_SIZES);
	entry_control.hcxt = head_control.hcxt = queue_context;
	entries = hash_create("pg_respond deliveries", 1024, &entry_control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	heads = hash_create("pg_respond subjects", 64, &head_control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* So that monitors see it without a query. */
static void
show_count(void)
{
	respond_metric_set(METRIC_DELIVERIES_QUEUED, (uint64) hash_get_num_entries(entries));
}

static void
insert_node(Entry *entry)
{
	QueueNode	node = {.after = entry->after,.id = entry->id,.entry = entry};
	bool		is_new;

	Assert(entry->due <= entry->after);
	rbt_insert(entry->channel->queue, &node.node, &is_new);
	Assert(is_new);
	entry->channel->queued++;
	entry->state = ENTRY_QUEUED;
}

static void
delete_node(Entry *entry)
{
	QueueNode	key = {.after = entry->after,.id = entry->id};
	RBTNode    *node = rbt_find(entry->channel->queue, &key.node);

	Assert(entry->state == ENTRY_QUEUED && node != NULL);
	rbt_delete(entry->channel->queue, node);
	entry->channel->queued--;
}

Entry *
respond_courier_queue_first(CourierChannel *channel)
{
	QueueNode  *node = (QueueNode *) rbt_leftmost(channel->queue);

	return node != NULL ? node->entry : NULL;
}

static Entry *
last_entry(CourierChannel *channel)
{
	RBTreeIterator iterator;
	QueueNode  *node;

	rbt_begin_iterate(channel->queue, RightLeftWalk, &iterator);
	node = (QueueNode *) rbt_iterate(&iterator);
	return node != NULL ? node->entry : NULL;
}

void
respond_courier_queue_lower(CourierChannel *channel, TimestampTz due, int64 id)
{
	respond_courier_unread_add(&channel->unread, channel->ordered, due, id);
}

void
respond_courier_queue_look_from_start(CourierChannel *channel)
{
	respond_courier_unread_all(&channel->unread);
}

static int
queue_limit(const CourierChannel *channel)
{
	if (hash_get_num_entries(entries) + hash_get_num_entries(heads) >= TOTAL_LIMIT)
		return CROWDED_QUEUE_LIMIT;
	return channel->ordered ? ORDERED_QUEUE_LIMIT : QUEUE_LIMIT;
}

static SubjectKey
subject_key(const CourierChannel *channel, uint64 subject)
{
	return (SubjectKey) {.channel = channel->hash,.subject = subject};
}

static void
release_subject(CourierChannel *channel, uint64 subject)
{
	SubjectKey	key = subject_key(channel, subject);

	bool		found;

	hash_search(heads, &key, HASH_REMOVE, &found);
	Assert(found);
}

/* One that is in no queue. */
static void
forget(Entry *entry)
{
	if (entry->channel->ordered)
		release_subject(entry->channel, entry->subject);
	hash_search(entries, &entry->id, HASH_REMOVE, NULL);
	show_count();
}

static void
forget_queued(Entry *entry)
{
	delete_node(entry);
	forget(entry);
}

/* Makes room for something that is due then; false when it would be the last. */
static bool
make_room(CourierChannel *channel, TimestampTz due, int64 id)
{
	while (channel->queued >= queue_limit(channel))
	{
		Entry	   *last = last_entry(channel);

		if (last->after < due || (last->after == due && last->id <= id))
			return false;
		respond_courier_queue_lower(channel, last->due, last->id);
		forget_queued(last);
	}
	return true;
}

/*
 * False when another one of the subject goes before this one.  One that only
 * waits for its time gives way to what has turned out to be the first.
 */
static bool
claim_subject(CourierChannel *channel, const DeliveryNotice *notice, bool is_first)
{
	SubjectKey	key = subject_key(channel, notice->subject);
	SubjectHead *head = hash_search(heads, &key, HASH_FIND, NULL);

	if (head != NULL)
	{
		Entry	   *other = hash_search(entries, &head->id, HASH_FIND, NULL);

		Assert(other != NULL && other->channel == channel && other->subject == notice->subject);
		if (other != NULL && other->state == ENTRY_QUEUED && (is_first || notice->id < other->id))
			forget_queued(other);
		else
		{
			head->earlier |= notice->id < head->id;
			return false;
		}
	}
	head = hash_search(heads, &key, HASH_ENTER, NULL);
	head->id = notice->id;
	head->earlier = false;
	return true;
}

bool
respond_courier_queue_may_be_behind(const Entry *entry)
{
	SubjectKey	key = subject_key(entry->channel, entry->subject);
	const SubjectHead *head = hash_search(heads, &key, HASH_FIND, NULL);

	/* while a walk is wanted, the first of the subject may be in the table only */
	return entry->channel->unread.any || head == NULL || head->earlier;
}

void
respond_courier_queue_add(CourierChannel *channel, const DeliveryNotice *notice, XLogRecPtr written, bool is_first)
{
	Entry	   *entry = hash_search(entries, &notice->id, HASH_FIND, NULL);
	bool		found;

	if (entry != NULL)
	{
		entry->written = Max(entry->written, written);
		/* somebody wants it sooner, or later */
		if (entry->state == ENTRY_QUEUED && entry->due != notice->due)
		{
			delete_node(entry);
			entry->due = entry->after = notice->due;
			insert_node(entry);
		}
		return;
	}
	if (!channel->ordered && respond_courier_unread_holds(&channel->unread, notice->due, notice->id))
		return;
	/* what is behind another of its subject comes when that one has ended */
	if (channel->ordered && !claim_subject(channel, notice, is_first))
		return;
	if (!make_room(channel, notice->due, notice->id))
	{
		if (channel->ordered)
			release_subject(channel, notice->subject);
		respond_courier_queue_lower(channel, notice->due, notice->id);
		return;
	}
	entry = hash_search(entries, &notice->id, HASH_ENTER, &found);
	entry->created_at = notice->created_at;
	entry->since = notice->created_at;
	entry->due = entry->after = notice->due;
	entry->subject = notice->subject;
	entry->given_up = false;
	entry->found_no_room = false;
	entry->written = written;
	entry->channel = channel;
	insert_node(entry);
	show_count();
}

void
respond_courier_queue_create(CourierChannel *channel)
{
	MemoryContext caller = MemoryContextSwitchTo(queue_context);

	channel->queue = rbt_create(sizeof(QueueNode), compare_nodes, combine_nodes, allocate_node, free_node, NULL);
	MemoryContextSwitchTo(caller);
	respond_courier_unread_all(&channel->unread);
}

void
respond_courier_queue_clear(CourierChannel *channel)
{
	Entry	   *entry;

	while ((entry = respond_courier_queue_first(channel)) != NULL)
		forget_queued(entry);
	Assert(channel->queued == 0);
}

void
respond_courier_queue_free(CourierChannel *channel)
{
	Assert(channel->queued == 0 && channel->in_flight == 0);
	pfree(channel->queue);
}

/* What is under way was claimed by the rules of before, so it comes to its end first. */
void
respond_courier_queue_adopt_order(CourierChannel *channel)
{
	if (channel->config == NULL || channel->config->ordered == channel->ordered || channel->in_flight > 0)
		return;
	respond_courier_queue_clear(channel);
	channel->ordered = channel->config->ordered;
	respond_courier_queue_look_from_start(channel);
}

void
respond_courier_queue_take(Entry *entry)
{
	delete_node(entry);
	entry->state = ENTRY_SENDING;
	entry->channel->in_flight++;
}

static void
put_back(Entry *entry)
{
	CourierChannel *channel = entry->channel;

	Assert(entry->state == ENTRY_SENDING && channel->in_flight > 0);
	channel->in_flight--;
	if (channel->config != NULL && make_room(channel, entry->after, entry->id))
		insert_node(entry);
	else
	{
		respond_courier_queue_lower(channel, entry->due, entry->id);
		forget(entry);
	}
	respond_courier_queue_adopt_order(channel);
}

void
respond_courier_queue_put_back(Entry *entry, TimestampTz due)
{
	entry->due = entry->after = due;
	put_back(entry);
}

void
respond_courier_queue_hold_back(Entry *entry, TimestampTz after)
{
	entry->after = Max(after, entry->due);
	put_back(entry);
}

void
respond_courier_queue_forget(Entry *entry)
{
	CourierChannel *channel = entry->channel;

	Assert(entry->state == ENTRY_SENDING && channel->in_flight > 0);
	channel->in_flight--;
	forget(entry);
	respond_courier_queue_adopt_order(channel);
}

bool
respond_courier_queue_wants_page(CourierChannel *channel, TimestampTz now)
{
	Entry	   *first = respond_courier_queue_first(channel);
	int			low = Min(QUEUE_LOW, queue_limit(channel) / 2);

	if (!channel->unread.any || channel->config == NULL)
		return false;
	if (channel->ordered)
		return channel->unread.after <= now && (channel->queued < low || first->after > now);
	return channel->unread.due <= now && (channel->queued < low || first->after > channel->unread.due);
}

TimestampTz
respond_courier_queue_due(CourierChannel *channel)
{
	Entry	   *first = respond_courier_queue_first(channel);
	TimestampTz due = first != NULL ? first->after : DT_NOEND;

	if (channel->unread.any)
		due = Min(due, channel->ordered ? channel->unread.after : channel->unread.due);
	return due;
}
