/*-------------------------------------------------------------------------
 * network_list.c
 *	  Networks that requests may come from.
 *
 * An address of IPv4 and the same one mapped into IPv6 are the same caller: which
 * of the two the server sees depends on the socket that it listens on.
 *
 * src/inbound/network_list.c
 *-------------------------------------------------------------------------
 */
#include "inbound/network_list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAPPED_BITS		96
#define ALL_BITS		128
#define LONGEST			100

/* The bits before those of an address of IPv4 in its mapped form: 0 for IPv6; -1: it is no address. */
static int
read_address(const char *text, unsigned char *bytes)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memcpy(bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, bytes + sizeof(mapped)) == 1)
		return MAPPED_BITS;
	return inet_pton(AF_INET6, text, bytes) == 1 ? 0 : -1;
}

/* A number of bits in decimal; -1: it is none, or more than there are. */
static int
read_bits(const char *text, int most)
{
	int			bits = 0;

	if (*text == '\0' || strlen(text) > 3 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	for (; *text != '\0'; text++)
		bits = bits * 10 + (*text - '0');
	return bits <= most ? bits : -1;
}

/* Whether all bits behind the first ones are zero. */
static bool
ends_with_zeros(const unsigned char *bytes, int bits)
{
	for (int i = bits; i < ALL_BITS; i++)
		if ((bytes[i / 8] & (0x80 >> (i % 8))) != 0)
			return false;
	return true;
}

const char *
respond_network_read(const char *text, Network *network)
{
	char		address[LONGEST];
	const char *slash = strchr(text, '/');
	int			before;
	int			bits;

	if (strlen(text) >= LONGEST)
		return "is no address and no network";
	snprintf(address, sizeof(address), "%.*s", (int) (slash == NULL ? strlen(text) : (size_t) (slash - text)), text);
	before = read_address(address, network->bytes);
	if (before < 0)
		return "is no address and no network";
	bits = slash == NULL ? ALL_BITS - before : read_bits(slash + 1, ALL_BITS - before);
	if (bits < 0)
		return "has behind its slash no number of bits that its addresses have";
	network->bits = before + bits;
	return ends_with_zeros(network->bytes, network->bits) ? NULL : "has bits set behind those that count";
}

static bool
begins_alike(const unsigned char *a, const unsigned char *b, int bits)
{
	int			whole = bits / 8;
	unsigned char rest = (unsigned char) (0xff00 >> (bits % 8));

	return memcmp(a, b, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ b[whole]) & rest) == 0);
}

bool
respond_network_list_has(const Network *networks, int count, const char *address)
{
	unsigned char bytes[16];

	if (read_address(address, bytes) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (begins_alike(networks[i].bytes, bytes, networks[i].bits))
			return true;
	return false;
}
