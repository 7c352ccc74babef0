/*-------------------------------------------------------------------------
 * guard.c
 *	  Which addresses deliveries may connect to.
 *
 * Whoever may create a channel chooses the URL that the server calls, and the
 * server usually sits where outsiders cannot go: next to databases, cloud
 * metadata services and its own loopback.  So only addresses that the whole
 * internet can reach are connected to, unless the administrator has listed
 * their network.  The judge sees the binary address at the moment of dialling;
 * how it was spelled, which name led to it and what that name says a moment
 * later make no difference.
 *
 * An IPv6 address can carry an IPv4 address that some gateway or the kernel
 * sends the packets on to.  These are unwrapped and the inner address judged:
 * mapped and compatible addresses, NAT64, 6to4, Teredo (both the server and
 * the client it names) and ISATAP, whose prefix is judged as well.
 *
 * A mapped address is IPv4 in another notation, so a listed IPv6 network never
 * covers it: who lists ::/0 has not listed 127.0.0.1.
 *
 * Accepted: NAT64 with a prefix of the operator's own choice looks like any
 * global address, and nothing in the packet tells.  Blocks that IANA reserves
 * but whose parts it calls reachable (192.0.0.9, 2001:3::/32 and such) are
 * denied as a whole; they hold no web or mail server.
 *
 * src/transport/guard.c
 *-------------------------------------------------------------------------
 */
#include "transport/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define IPV4_BYTES			4
#define IPV6_BYTES			16
#define MAPPED_BITS			96		/* in front of the IPv4 address */
#define FIRST_FREE_PORT		1024
#define LARGEST_PORT		65535
#define PIECE_SHOWN			60		/* characters of a wrong piece in a message */

/*
 * What is not reachable from the whole internet, after the special-purpose
 * address registries of IANA.  The first range that holds an address decides,
 * so narrow ranges stand in front of wide ones; an address in no range, or in
 * one without a reason, is global.
 */
typedef struct SpecialRange
{
	int			family;
	unsigned char prefix[IPV6_BYTES];
	int			bits;
	const char *reason;
} SpecialRange;

static const SpecialRange special_ranges[] = {
	{AF_INET, {0, 0, 0, 0}, 32, "unspecified address"},
	{AF_INET, {0}, 8, "reserved address"},	/* "this network"; Linux takes some of it for itself */
	{AF_INET, {10}, 8, "private address"},
	{AF_INET, {100, 64}, 10, "shared address space of carriers"},
	{AF_INET, {127}, 8, "loopback address"},
	{AF_INET, {168, 63, 129, 16}, 32, "cloud metadata address"},	/* Azure: public on paper, answered by the host */
	{AF_INET, {169, 254}, 16, "link-local address (cloud metadata)"},
	{AF_INET, {172, 16}, 12, "private address"},
	{AF_INET, {192, 0, 0}, 24, "reserved address"}, /* protocol assignments; metadata of Oracle's cloud */
	{AF_INET, {192, 0, 2}, 24, "documentation address"},
	{AF_INET, {192, 88, 99}, 24, "reserved address"},	/* relays of 6to4, withdrawn */
	{AF_INET, {192, 168}, 16, "private address"},
	{AF_INET, {198, 18}, 15, "benchmarking address"},
	{AF_INET, {198, 51, 100}, 24, "documentation address"},
	{AF_INET, {203, 0, 113}, 24, "documentation address"},
	{AF_INET, {224}, 4, "multicast address"},
	{AF_INET, {255, 255, 255, 255}, 32, "broadcast address"},
	{AF_INET, {240}, 4, "reserved address"},

	{AF_INET6, {0}, 128, "unspecified address"},
	{AF_INET6, {[15] = 1}, 128, "loopback address"},
	{AF_INET6, {0xFC}, 7, "unique local address"},
	{AF_INET6, {0xFE, 0x80}, 10, "link-local address"},
	{AF_INET6, {0xFE, 0xC0}, 10, "private address"},	/* site-local, withdrawn but still routed by some */
	{AF_INET6, {0xFF}, 8, "multicast address"},
	{AF_INET6, {0x20, 0x01, 0x0D, 0xB8}, 32, "documentation address"},
	{AF_INET6, {0x20, 0x01}, 23, "reserved address"},	/* protocol assignments; Teredo is unwrapped first */
	{AF_INET6, {0x3F, 0xFF}, 20, "documentation address"},
	{AF_INET6, {0x20}, 3, NULL},	/* the only part of IPv6 in global use */
	{AF_INET6, {0}, 0, "reserved address"}
};

#define SPECIAL_RANGES	(sizeof(special_ranges) / sizeof(special_ranges[0]))

/* Where IPv6 addresses with a given prefix carry an IPv4 address. */
typedef struct Wrapping
{
	unsigned char prefix[IPV6_BYTES];
	int			bits;
	int			at;				/* first byte of the IPv4 address */
	unsigned char flip;			/* bits to invert in each byte */
} Wrapping;

static const Wrapping wrappings[] = {
	{{0}, 96, 12, 0},			/* compatible */
	{{0x00, 0x64, 0xFF, 0x9B}, 96, 12, 0},	/* NAT64 */
	{{0x20, 0x02}, 16, 2, 0},	/* 6to4 */
	{{0x20, 0x01, 0x00, 0x00}, 32, 4, 0},	/* Teredo: the server */
	{{0x20, 0x01, 0x00, 0x00}, 32, 12, 0xFF}	/* Teredo: the client */
};

#define WRAPPINGS	(sizeof(wrappings) / sizeof(wrappings[0]))

static const unsigned char mapped_prefix[IPV6_BYTES] = {[10] = 0xFF, [11] = 0xFF};

/* A binary address without its container. */
typedef struct Endpoint
{
	int			family;
	unsigned char bytes[IPV6_BYTES];
	int			port;
	uint32_t	scope;			/* of IPv6 */
} Endpoint;

static bool
has_prefix(const unsigned char *bytes, const unsigned char *prefix, int bits)
{
	int			whole = bits / 8;
	unsigned char mask = (unsigned char) (0xFF << (8 - bits % 8));

	if (memcmp(bytes, prefix, (size_t) whole) != 0)
		return false;
	return bits % 8 == 0 || ((bytes[whole] ^ prefix[whole]) & mask) == 0;
}

static int
family_bits(int family)
{
	return family == AF_INET ? IPV4_BYTES * 8 : IPV6_BYTES * 8;
}

/*
 * Takes a socket address apart.  It may lie at any place in memory and be
 * shorter than its family needs, so it is copied before it is looked at.
 */
static bool
read_endpoint(const struct sockaddr *address, socklen_t length, Endpoint *endpoint)
{
	sa_family_t family;

	memset(endpoint, 0, sizeof(*endpoint));
	if (address == NULL || length < offsetof(struct sockaddr, sa_family) + sizeof(family))
		return false;
	memcpy(&family, (const char *) address + offsetof(struct sockaddr, sa_family), sizeof(family));
	endpoint->family = family;
	if (family == AF_INET && length >= sizeof(struct sockaddr_in))
	{
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		memcpy(endpoint->bytes, &in.sin_addr, IPV4_BYTES);
		endpoint->port = ntohs(in.sin_port);
		return true;
	}
	if (family == AF_INET6 && length >= sizeof(struct sockaddr_in6))
	{
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		memcpy(endpoint->bytes, &in6.sin6_addr, IPV6_BYTES);
		endpoint->port = ntohs(in6.sin6_port);
		endpoint->scope = in6.sin6_scope_id;
		return true;
	}
	return false;
}

static bool
is_listed(const GuardList *allowed, int family, const unsigned char *bytes)
{
	if (allowed == NULL)
		return false;
	for (int i = 0; i < allowed->count; i++)
	{
		const GuardNetwork *network = &allowed->networks[i];

		if (network->family == family && network->bits >= 0 && network->bits <= family_bits(family) &&
			has_prefix(bytes, network->bytes, network->bits))
			return true;
	}
	return false;
}

static const char *
find_reason(int family, const unsigned char *bytes)
{
	for (size_t i = 0; i < SPECIAL_RANGES; i++)
	{
		const SpecialRange *range = &special_ranges[i];

		if (range->family == family && has_prefix(bytes, range->prefix, range->bits))
			return range->reason;
	}
	return NULL;
}

/* *listed becomes whether the administrator has named the address's network. */
static const char *
judge_ipv4(const unsigned char *bytes, const GuardList *allowed, bool *listed)
{
	*listed = is_listed(allowed, AF_INET, bytes);
	return *listed ? NULL : find_reason(AF_INET, bytes);
}

/*
 * ISATAP puts IPv4 into the last half of an address of any prefix, behind
 * 0000:5efe, or 0200:5efe when the IPv4 address is unique.
 */
static bool
is_isatap(const unsigned char *bytes)
{
	return (bytes[8] & ~0x02) == 0 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
}

static bool
is_unspecified_or_loopback(const unsigned char *bytes)
{
	static const unsigned char zeros[IPV6_BYTES];

	return memcmp(bytes, zeros, IPV6_BYTES - 1) == 0 && bytes[IPV6_BYTES - 1] <= 1;
}

static const char *
judge_ipv6(const unsigned char *bytes, const GuardList *allowed, bool *listed)
{
	const char *reason;
	bool		wrapped = false;
	bool		inner_listed;

	if (has_prefix(bytes, mapped_prefix, MAPPED_BITS))
		return judge_ipv4(bytes + 12, allowed, listed);
	*listed = is_listed(allowed, AF_INET6, bytes);
	if (*listed)
		return NULL;

	/* :: and ::1 look like compatible addresses but carry nothing. */
	if (is_unspecified_or_loopback(bytes))
		return find_reason(AF_INET6, bytes);

	/* Each address inside must be fine; all must be listed to count as listed. */
	*listed = true;
	for (size_t i = 0; i < WRAPPINGS; i++)
	{
		const Wrapping *wrapping = &wrappings[i];
		unsigned char inner[IPV4_BYTES];

		if (!has_prefix(bytes, wrapping->prefix, wrapping->bits))
			continue;
		for (int part = 0; part < IPV4_BYTES; part++)
			inner[part] = bytes[wrapping->at + part] ^ wrapping->flip;
		reason = judge_ipv4(inner, allowed, &inner_listed);
		if (reason != NULL)
			return reason;
		*listed = *listed && inner_listed;
		wrapped = true;
	}
	if (!wrapped)
	{
		*listed = false;
		reason = find_reason(AF_INET6, bytes);
		if (reason != NULL)
			return reason;
	}
	if (is_isatap(bytes))
	{
		reason = judge_ipv4(bytes + 12, allowed, &inner_listed);
		if (reason != NULL)
			return reason;
		*listed = *listed && inner_listed;
	}
	return NULL;
}

/* Services below 1024 that are not for the public outnumber those that are. */
static bool
is_usual_port(int port)
{
	return port >= FIRST_FREE_PORT || port == 80 || port == 443 || port == 25 || port == 465 || port == 587;
}

const char *
respond_guard_judge(const struct sockaddr *address, socklen_t length, const GuardList *allowed)
{
	Endpoint	endpoint;
	const char *reason;
	bool		listed;

	if (!read_endpoint(address, length, &endpoint))
		return "not an internet address";
	if (endpoint.family == AF_INET)
		reason = judge_ipv4(endpoint.bytes, allowed, &listed);
	else
		reason = judge_ipv6(endpoint.bytes, allowed, &listed);
	if (reason != NULL)
		return reason;
	if (endpoint.port == 0)
		return "port 0";
	if (!listed && !is_usual_port(endpoint.port))
		return "port below 1024 that no web or mail server uses";
	return NULL;
}

void
respond_guard_format(const struct sockaddr *address, socklen_t length, char *buffer, size_t size)
{
	Endpoint	endpoint;
	char		text[INET6_ADDRSTRLEN];

	if (!read_endpoint(address, length, &endpoint) ||
		inet_ntop(endpoint.family, endpoint.bytes, text, sizeof(text)) == NULL)
		snprintf(buffer, size, "address family %d", endpoint.family);
	else if (endpoint.family == AF_INET)
		snprintf(buffer, size, "%s:%d", text, endpoint.port);
	else if (endpoint.scope == 0)
		snprintf(buffer, size, "[%s]:%d", text, endpoint.port);
	else
		snprintf(buffer, size, "[%s%%%lu]:%d", text, (unsigned long) endpoint.scope, endpoint.port);
}

/*
 * Reads a number without sign, leading zeros and anything behind it.  Octal
 * and other surprises are what address filters get wrong, so they are refused.
 */
static bool
read_number(const char *text, size_t length, uint32_t limit, uint32_t *number)
{
	uint64_t	value = 0;

	if (length == 0 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t) (text[i] - '0');
		if (value > limit)
			return false;
	}
	*number = (uint32_t) value;
	return true;
}

/* Reads an address in the strict spelling of inet_pton; gives its family, or 0. */
static int
read_address(const char *text, size_t length, unsigned char *bytes)
{
	char		copy[INET6_ADDRSTRLEN];
	int			family = memchr(text, ':', length) != NULL ? AF_INET6 : AF_INET;

	if (length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memset(bytes, 0, IPV6_BYTES);
	return inet_pton(family, copy, bytes) == 1 ? family : 0;
}

bool
respond_guard_from_text(const char *text, int port, struct sockaddr_storage *address, socklen_t *length)
{
	unsigned char bytes[IPV6_BYTES];
	size_t		size;
	int			family;
	uint32_t	scope = 0;

	if (text == NULL || port < 0 || port > LARGEST_PORT)
		return false;
	size = strcspn(text, "%");
	family = read_address(text, size, bytes);
	if (family == 0)
		return false;
	if (text[size] == '%')
	{
		const char *name = text + size + 1;

		if (family != AF_INET6 || name[0] == '\0')
			return false;
		if (!read_number(name, strlen(name), UINT32_MAX, &scope))
			scope = 0;
	}
	memset(address, 0, sizeof(*address));
	if (family == AF_INET)
	{
		struct sockaddr_in *in = (struct sockaddr_in *) address;

		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t) port);
		memcpy(&in->sin_addr, bytes, IPV4_BYTES);
		*length = sizeof(*in);
	}
	else
	{
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) address;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t) port);
		in6->sin6_scope_id = scope;
		memcpy(&in6->sin6_addr, bytes, IPV6_BYTES);
		*length = sizeof(*in6);
	}
	return true;
}

/* Not isspace: what separates networks must not depend on the locale. */
static bool
is_separator(char c)
{
	return c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * A wrong piece for a message.  Bytes beyond ASCII are replaced, since a piece
 * cut inside a character is not text in the database's encoding.
 */
static void
show_piece(const char *piece, size_t length, char *shown)
{
	size_t		kept = length > PIECE_SHOWN ? PIECE_SHOWN : length;

	for (size_t i = 0; i < kept; i++)
		shown[i] = piece[i] >= ' ' && piece[i] <= '~' ? piece[i] : '?';
	strcpy(shown + kept, length > kept ? "..." : "");
}

static bool
read_network(const char *piece, size_t length, GuardNetwork *network, char *error, size_t error_size)
{
	const char *slash = memchr(piece, '/', length);
	size_t		address_length = slash == NULL ? length : (size_t) (slash - piece);
	int			least = 0;
	int			most;
	uint32_t	bits;
	char		shown[PIECE_SHOWN + sizeof("...")];

	show_piece(piece, length, shown);
	network->family = read_address(piece, address_length, network->bytes);
	if (network->family == 0)
	{
		snprintf(error, error_size, "\"%s\" is not an IP address or network", shown);
		return false;
	}
	most = family_bits(network->family);

	/* ::ffff:10.0.0.0/8 means 10.0.0.0/8 to its writer, but ::/8 to the letter. */
	if (network->family == AF_INET6 && has_prefix(network->bytes, mapped_prefix, MAPPED_BITS))
		least = MAPPED_BITS;
	bits = (uint32_t) most;
	if (slash != NULL && (!read_number(slash + 1, length - address_length - 1, (uint32_t) most, &bits) ||
						  bits < (uint32_t) least))
	{
		snprintf(error, error_size, "the prefix length of \"%s\" is not a number from %d to %d", shown, least, most);
		return false;
	}
	if (least > 0)
	{
		network->family = AF_INET;
		bits -= MAPPED_BITS;
		memmove(network->bytes, network->bytes + 12, IPV4_BYTES);
	}
	network->bits = (int) bits;

	/* This also clears what IPv4 does not use. */
	for (int i = 0; i < IPV6_BYTES; i++)
	{
		int			kept = network->bits - 8 * i;

		if (kept < 8)
			network->bytes[i] &= kept <= 0 ? 0 : (unsigned char) (0xFF << (8 - kept));
	}
	return true;
}

int
respond_guard_parse(const char *text, GuardNetwork *networks, int room, char *error, size_t error_size)
{
	int			count = 0;

	if (error_size > 0)
		error[0] = '\0';
	while (text != NULL && *text != '\0')
	{
		size_t		length = 0;
		GuardNetwork network;

		if (is_separator(*text))
		{
			text++;
			continue;
		}
		while (text[length] != '\0' && !is_separator(text[length]))
			length++;
		if (!read_network(text, length, &network, error, error_size))
			return -1;
		if (count >= room)
		{
			char		shown[PIECE_SHOWN + sizeof("...")];

			show_piece(text, length, shown);
			snprintf(error, error_size, "\"%s\" is one network more than the limit of %d", shown, room);
			return -1;
		}
		networks[count++] = network;
		text += length;
	}
	return count;
}
