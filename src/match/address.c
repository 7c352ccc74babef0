/*-------------------------------------------------------------------------
 * address.c
 *	  IP addresses and networks as patterns compare them.
 *
 * src/match/address.c
 *-------------------------------------------------------------------------
 */
#include "match/address.h"

#include <string.h>

#include "wire/bytes_read.h"

#define LONGEST_IPV4		15
#define LONGEST_IPV6		64		/* groups may carry leading zeros */
#define IPV6_GROUPS			8

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool
read_ipv4(const char *text, size_t length, Address *address)
{
	size_t		at = 0;

	if (length > LONGEST_IPV4)
		return false;
	for (int part = 0; part < 4; part++)
	{
		size_t		start;
		unsigned	number = 0;

		if (part > 0)
		{
			if (at >= length || text[at] != '.')
				return false;
			at++;
		}
		for (start = at; at < length && text[at] >= '0' && text[at] <= '9'; at++)
			number = number * 10 + (unsigned) (text[at] - '0');
		if (at == start || number > 255)
			return false;
		address->bytes[part] = (uint8_t) number;
	}
	address->bits = 32;
	return at == length;
}

/* Puts the groups in front of and behind "::" in their places. */
static bool
place_groups(const unsigned *groups, int count, int gap, Address *address)
{
	int			missing = IPV6_GROUPS - count;

	if (gap < 0 ? missing != 0 : missing < 1)
		return false;
	for (int i = 0; i < count; i++)
	{
		int			place = (gap >= 0 && i >= gap) ? i + missing : i;

		address->bytes[2 * place] = (uint8_t) (groups[i] >> 8);
		address->bytes[2 * place + 1] = (uint8_t) (groups[i] & 0xFF);
	}
	address->bits = 128;
	if (memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
	{
		memmove(address->bytes, address->bytes + 12, 4);
		memset(address->bytes + 4, 0, 12);
		address->bits = 32;
	}
	return true;
}

static bool
read_ipv6(const char *text, size_t length, Address *address)
{
	unsigned	groups[IPV6_GROUPS];
	int			count = 0;
	int			gap = -1;
	size_t		at = 0;

	if (length < 2 || length > LONGEST_IPV6)
		return false;
	if (text[0] == ':')
	{
		if (text[1] != ':')
			return false;
		gap = 0;
		at = 2;
	}
	while (at < length)
	{
		size_t		start = at;
		unsigned	group = 0;

		if (count == IPV6_GROUPS)
			return false;
		for (; at < length && respond_hex_digit(text[at]) >= 0; at++)
		{
			group = group * 16 + (unsigned) respond_hex_digit(text[at]);
			if (group > 0xFFFF)
				return false;
		}
		if (at == start)
			return false;
		groups[count++] = group;
		if (at == length)
			break;
		if (text[at++] != ':' || at == length)
			return false;
		if (text[at] == ':')
		{
			if (gap >= 0)
				return false;
			gap = count;
			at++;
		}
	}
	return place_groups(groups, count, gap, address);
}

bool
respond_address_read(const char *text, size_t length, Address *address)
{
	/* Most strings are turned away by their first character. */
	if (length == 0 || length > LONGEST_IPV6 || (text[0] != ':' && respond_hex_digit(text[0]) < 0))
		return false;
	memset(address, 0, sizeof(*address));
	if (memchr(text, ':', length) != NULL)
		return read_ipv6(text, length, address);
	return read_ipv4(text, length, address);
}

void
respond_address_mask(Address *address, int bits)
{
	for (int i = 0; i < 16; i++)
	{
		int			kept = bits - 8 * i;

		if (kept <= 0)
			address->bytes[i] = 0;
		else if (kept < 8)
			address->bytes[i] &= (uint8_t) (0xFF << (8 - kept));
	}
}

bool
respond_address_in(const Address *address, const Address *network, int bits)
{
	Address		masked = *address;

	if (address->bits != network->bits)
		return false;
	respond_address_mask(&masked, bits);
	return memcmp(masked.bytes, network->bytes, sizeof(masked.bytes)) == 0;
}
