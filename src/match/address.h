/*-------------------------------------------------------------------------
 * address.h
 *	  IP addresses and networks as patterns compare them.
 *
 * src/match/address.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ADDRESS_H
#define RESPOND_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Address
{
	int			bits;			/* 32 for IPv4, 128 for IPv6 */
	uint8_t		bytes[16];		/* network order; unused bytes are zero */
} Address;

/*
 * Reads an address: four decimal numbers with dots, or IPv6 in hexadecimal
 * groups.  An IPv6 address that maps an IPv4 one counts as that one.  Returns
 * false for anything else, host names and IPv6 with dots included.
 */
extern bool respond_address_read(const char *text, size_t length, Address *address);

/* Sets all bits behind the first `bits` to zero. */
extern void respond_address_mask(Address *address, int bits);

/* Is address of the same family, with the same first `bits` bits? */
extern bool respond_address_in(const Address *address, const Address *network, int bits);

#endif							/* RESPOND_ADDRESS_H */
