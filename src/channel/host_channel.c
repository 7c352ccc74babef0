/*-------------------------------------------------------------------------
 * host_channel.c
 *	  Channels of hosts: what requests go through that name no channel.
 *
 * src/channel/host_channel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "channel/host_channel.h"
#include "common/jsonb_push.h"

/* As those of channels. */
#define CONCURRENCY		16
#define MAX_ATTEMPTS	10
#define TIMEOUT_MS		15000

/* The first bytes of an id; a random one has them once in 2^48. */
#define PREFIX_BYTES	6

static const ChannelKind host_kind = {
	.name = "request",
	.transport = TRANSPORT_HTTP,
	.method = "GET",
	.encoding = ENCODING_JSON,
	.built_in = true,
};

pg_uuid_t
respond_host_channel_id(const char *host)
{
	uint8		digest[EVP_MAX_MD_SIZE];
	pg_uuid_t	id;

	if (EVP_Digest(host, strlen(host), digest, NULL, EVP_sha256(), NULL) != 1)
		elog(ERROR, "could not compute a digest");
	memcpy(id.data, digest, UUID_LEN);
	memset(id.data, 0xff, PREFIX_BYTES);
	/* a UUID of one's own making, of RFC 9562 */
	id.data[6] = (id.data[6] & 0x0f) | 0x80;
	id.data[8] = (id.data[8] & 0x3f) | 0x80;
	return id;
}

bool
respond_host_channel_is(const pg_uuid_t *id)
{
	for (int i = 0; i < PREFIX_BYTES; i++)
		if (id->data[i] != 0xff)
			return false;
	return (id->data[6] & 0xf0) == 0x80;
}

Channel *
respond_host_channel_make(const pg_uuid_t *id, const char *host)
{
	Channel    *channel = palloc0(sizeof(Channel));

	channel->id = *id;
	channel->name = channel->host = pstrdup(host);
	channel->kind = host_kind.name;
	channel->shared = &host_kind;
	channel->transport = host_kind.transport;
	channel->method = host_kind.method;
	channel->encoding = host_kind.encoding;
	channel->options = respond_jsonb_empty_object();
	channel->max_attempts = MAX_ATTEMPTS;
	channel->timeout_ms = TIMEOUT_MS;
	channel->concurrency = CONCURRENCY;
	channel->enabled = true;
	return channel;
}
