/*-------------------------------------------------------------------------
 * peer.c
 *	  Where callers come from, and how many of their connections there are.
 *
 * src/listener/peer.c
 *-------------------------------------------------------------------------
 */
#include "listener/peer.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/socket.h>

#define ROWS	4096

/* The connections of one address. */
typedef struct Count
{
	struct Count *next;
	Peer		peer;
	uint64_t	connections;
} Count;

static Count *counts[ROWS];

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Peer
respond_peer_of(const struct sockaddr_storage *address)
{
	Peer		peer = {{0}};

	if (address->ss_family == AF_INET)
	{
		memcpy(peer.address, mapped, sizeof(mapped));
		memcpy(peer.address + sizeof(mapped), &((const struct sockaddr_in *) address)->sin_addr, 4);
	}
	else if (address->ss_family == AF_INET6)
		memcpy(peer.address, &((const struct sockaddr_in6 *) address)->sin6_addr, sizeof(peer.address));
	return peer;
}

static bool
is_unix(const Peer *peer)
{
	static const Peer none;

	return memcmp(peer, &none, sizeof(none)) == 0;
}

static bool
is_mapped(const Peer *peer)
{
	return memcmp(peer->address, mapped, sizeof(mapped)) == 0;
}

void
respond_peer_text(const Peer *peer, char text[PEER_TEXT])
{
	text[0] = '\0';
	if (is_mapped(peer))
		inet_ntop(AF_INET, peer->address + sizeof(mapped), text, PEER_TEXT);
	else if (!is_unix(peer))
		inet_ntop(AF_INET6, peer->address, text, PEER_TEXT);
}

/* What of the address is counted. */
static Peer
network_of(const Peer *peer)
{
	Peer		network = *peer;

	if (!is_mapped(peer))
		memset(network.address + 8, 0, 8);
	return network;
}

/* The place of its count, or of where it would be.  Rows are chosen by a number that callers do not know. */
static Count **
find(const Peer *network)
{
	static uint64_t secret;
	uint64_t	half[2];
	uint64_t	mixed;
	Count	  **at;

	if (secret == 0 && getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		secret = 1;
	memcpy(half, network->address, sizeof(half));
	mixed = (half[0] ^ secret) * UINT64_C(0x9e3779b97f4a7c15);
	mixed = ((mixed ^ (mixed >> 29)) + (half[1] ^ secret)) * UINT64_C(0xbf58476d1ce4e5b9);
	at = &counts[(mixed >> 32) % ROWS];
	while (*at != NULL && memcmp(&(*at)->peer, network, sizeof(*network)) != 0)
		at = &(*at)->next;
	return at;
}

bool
respond_peer_enter(const Peer *peer, uint64_t most)
{
	Peer		network = network_of(peer);
	Count	  **at;

	if (is_unix(peer))
		return true;
	at = find(&network);
	if (*at == NULL)
	{
		*at = calloc(1, sizeof(Count));
		if (*at == NULL)
			return false;
		(*at)->peer = network;
	}
	else if (most > 0 && (*at)->connections >= most)
		return false;
	(*at)->connections++;
	return true;
}

void
respond_peer_leave(const Peer *peer)
{
	Peer		network = network_of(peer);
	Count	  **at = is_unix(peer) ? NULL : find(&network);

	if (at != NULL && *at != NULL && --(*at)->connections == 0)
	{
		Count	   *empty = *at;

		*at = empty->next;
		free(empty);
	}
}
