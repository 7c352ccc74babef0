/*-------------------------------------------------------------------------
 * courier_channel.c
 *	  Channels as the courier has them in mind.
 *
 * src/courier/courier_channel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "channel/host_channel.h"
#include "courier/courier_channel.h"
#include "courier/courier_queue.h"
#include "outbox/outbox.h"
#include "secret/channel_secret.h"

/* How long a channel rests whose secret cannot be had. */
#define SECRET_PAUSE_US		(10 * USECS_PER_SEC)

static HTAB *channels;			/* of CourierChannel by hash */
static dlist_head ring = DLIST_STATIC_INIT(ring);
static int	channel_count = 0;

void
respond_courier_channel_open(void)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(CourierChannel),.hcxt = TopMemoryContext};

	channels = hash_create("pg_respond courier channels", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

CourierChannel *
respond_courier_channel_find(uint64 hash)
{
	return hash_search(channels, &hash, HASH_FIND, NULL);
}

CourierChannel *
respond_courier_channel_add(const Channel *config)
{
	uint64		hash = respond_outbox_channel_hash(&config->id);
	bool		found;
	CourierChannel *channel = hash_search(channels, &hash, HASH_ENTER, &found);

	if (found)
		return channel;
	memset((char *) channel + sizeof(hash), 0, sizeof(CourierChannel) - sizeof(hash));
	channel->id = config->id;
	channel->name = MemoryContextStrdup(TopMemoryContext, config->name);
	respond_courier_queue_create(channel);
	dlist_push_tail(&ring, &channel->node);
	channel_count++;
	return channel;
}

CourierChannel *
respond_courier_channel_add_host(const pg_uuid_t *id, const char *host)
{
	CourierChannel *channel = respond_courier_channel_find(respond_outbox_channel_hash(id));
	MemoryContext context;
	MemoryContext caller;
	const Channel *config;

	if (channel != NULL && channel->config != NULL)
		return channel;
	context = AllocSetContextCreate(TopMemoryContext, "pg_respond channel of a host", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	config = respond_host_channel_make(id, host);
	MemoryContextSwitchTo(caller);
	channel = respond_courier_channel_add(config);
	if (channel->own != NULL)
		MemoryContextDelete(channel->own);
	channel->own = context;
	channel->config = config;
	respond_breaker_reset(&channel->answers, channel->name);
	return channel;
}

int
respond_courier_channel_count_idle(void)
{
	dlist_iter	iterator;
	int			count = 0;

	dlist_foreach(iterator, &ring)
	{
		const CourierChannel *channel = dlist_container(CourierChannel, node, iterator.cur);

		if (channel->in_flight == 0 && channel->config != NULL && channel->config->enabled)
			count++;
	}
	return count;
}

int
respond_courier_channel_count(void)
{
	return channel_count;
}

CourierChannel *
respond_courier_channel_next(int *left)
{
	dlist_node *node;

	if (*left <= 0 || dlist_is_empty(&ring))
		return NULL;
	(*left)--;
	node = dlist_pop_head_node(&ring);
	dlist_push_tail(&ring, node);
	return dlist_container(CourierChannel, node, node);
}

void
respond_courier_channel_block(CourierChannel *channel, const char *reason)
{
	channel->blocked_until = GetCurrentTimestamp() + SECRET_PAUSE_US;
	if (channel->blocked_reason != NULL && strcmp(channel->blocked_reason, reason) == 0)
		return;
	if (channel->blocked_reason != NULL)
		pfree(channel->blocked_reason);
	channel->blocked_reason = MemoryContextStrdup(TopMemoryContext, reason);
	ereport(WARNING,
			(errmsg("pg_respond cannot send through channel \"%s\": %s", channel->name, reason),
			 errdetail("Its deliveries wait.  This is retried.")));
}

void
respond_courier_channel_unblock(CourierChannel *channel)
{
	if (channel->blocked_reason != NULL)
		pfree(channel->blocked_reason);
	channel->blocked_reason = NULL;
}

void
respond_courier_channel_forget_secret(CourierChannel *channel)
{
	if (channel->secret != NULL)
		respond_secret_wipe(channel->secret);
	respond_secret_forms_release(channel->forms);
	/* it may hold the secret */
	respond_secret_wipe(channel->url);
	channel->url = NULL;
	if (channel->host_name != NULL)
		pfree(channel->host_name);
	channel->host_name = NULL;
	channel->secret = NULL;
	channel->forms = NULL;
	channel->secret_read = false;
}

/* Requests that are under way keep their entries; they are forgotten with their outcome. */
void
respond_courier_channel_remove(CourierChannel *channel)
{
	respond_courier_queue_clear(channel);
	respond_courier_unread_close(&channel->unread);
	channel->config = NULL;
	respond_courier_channel_forget_secret(channel);
	if (channel->in_flight > 0)
		return;
	Assert(channel->answers.in_flight == 0);
	respond_breaker_reset(&channel->answers, NULL);
	dlist_delete(&channel->node);
	channel_count--;
	respond_courier_queue_free(channel);
	pfree(channel->name);
	if (channel->blocked_reason != NULL)
		pfree(channel->blocked_reason);
	if (channel->own != NULL)
		MemoryContextDelete(channel->own);
	hash_search(channels, &channel->hash, HASH_REMOVE, NULL);
}
