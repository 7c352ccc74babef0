/*-------------------------------------------------------------------------
 * peer.h
 *	  Where callers come from, and how many of their connections there are.
 *
 * src/listener/peer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PEER_H
#define RESPOND_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

/* INET_ADDRSTRLEN and more. */
#define PEER_TEXT	INET6_ADDRSTRLEN

/* An address of IPv4 is mapped into one of IPv6; all zero: a Unix socket. */
typedef struct Peer
{
	uint8_t		address[16];
} Peer;

struct sockaddr_storage;

extern Peer respond_peer_of(const struct sockaddr_storage *address);

/* As inet writes it; empty for a Unix socket. */
extern void respond_peer_text(const Peer *peer, char text[PEER_TEXT]);

/*
 * Counts one connection more; false, and not counted: there are most already.
 * Addresses of IPv6 that share their first 64 bits belong to one network, and count as
 * one.  Unix sockets are not counted.  most 0: any number.
 */
extern bool respond_peer_enter(const Peer *peer, uint64_t most);
extern void respond_peer_leave(const Peer *peer);

#endif							/* RESPOND_PEER_H */
