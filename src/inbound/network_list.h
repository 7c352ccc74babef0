/*-------------------------------------------------------------------------
 * network_list.h
 *	  Networks that requests may come from.
 *
 * It builds without a server.
 *
 * src/inbound/network_list.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NETWORK_LIST_H
#define RESPOND_NETWORK_LIST_H

#include <stdbool.h>

typedef struct Network
{
	unsigned char bytes[16];	/* of IPv6; an address of IPv4 is mapped into it */
	int			bits;			/* that count, of 128 */
} Network;

/*
 * Reads an address of either family, or a network such as 10.0.0.0/8.  Returns
 * NULL, or why it is none, as the rest of a sentence.
 */
extern const char *respond_network_read(const char *text, Network *network);

/* Whether the address is in one of the networks; false when it is no address. */
extern bool respond_network_list_has(const Network *networks, int count, const char *address);

#endif							/* RESPOND_NETWORK_LIST_H */
