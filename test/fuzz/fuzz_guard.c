/*-------------------------------------------------------------------------
 * fuzz_guard.c
 *	  No list of networks and no address break the guard of connections.
 *
 * Input: a list of networks up to the end of the line, then bytes that serve
 * as addresses.  Checked besides memory: a list that was read reads the same
 * when written again; a list only adds to what is allowed, and what it names
 * is allowed; an IPv4 address is judged the same in every wrapping; an address
 * survives the way through its text.
 *
 * test/fuzz/fuzz_guard.c
 *-------------------------------------------------------------------------
 */
/* links: src/transport/guard.c */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/guard.h"
#include "insist.h"

#define ADDRESS_BYTES	18		/* an IPv6 address and a port */

static const char *
judge4(const uint8_t *bytes, int port, const GuardList *allowed)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};

	memcpy(&in.sin_addr, bytes, 4);
	return respond_guard_judge((struct sockaddr *) &in, sizeof(in), allowed);
}

static const char *
judge6(const uint8_t *bytes, int port, const GuardList *allowed)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};

	memcpy(&in6.sin6_addr, bytes, 16);
	return respond_guard_judge((struct sockaddr *) &in6, sizeof(in6), allowed);
}

static bool
same_reason(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_zero(const uint8_t *bytes, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* Writes the list as text and reads it again, into exactly the room it needs. */
static void
reread(const GuardList *list)
{
	size_t		size = (size_t) list->count * (INET6_ADDRSTRLEN + 8) + 1;
	char	   *text = malloc(size);
	GuardNetwork *networks = malloc(((size_t) list->count + 1) * sizeof(GuardNetwork));
	size_t		length = 0;
	char		error[100];

	text[0] = '\0';
	for (int i = 0; i < list->count; i++)
	{
		char		address[INET6_ADDRSTRLEN];

		inet_ntop(list->networks[i].family, list->networks[i].bytes, address, sizeof(address));
		length += (size_t) snprintf(text + length, size - length, "%s/%d%s", address, list->networks[i].bits,
									i % 2 == 0 ? "," : "\n");
	}
	insist(respond_guard_parse(text, networks, list->count, error, sizeof(error)) == list->count, "a list reads again");
	for (int i = 0; i < list->count; i++)
		insist(networks[i].family == list->networks[i].family && networks[i].bits == list->networks[i].bits &&
			   memcmp(networks[i].bytes, list->networks[i].bytes, 16) == 0, "a list reads the same again");
	if (list->count > 0)
	{
		GuardNetwork *fewer = malloc(((size_t) list->count - 1) * sizeof(GuardNetwork) + 1);

		insist(respond_guard_parse(text, fewer, list->count - 1, error, sizeof(error)) == -1, "the room is respected");
		free(fewer);
	}
	free(networks);
	free(text);
}

static void
check_networks(const GuardList *list)
{
	for (int i = 0; i < list->count; i++)
	{
		const GuardNetwork *network = &list->networks[i];
		int			most = network->family == AF_INET ? 32 : 128;
		uint8_t		last[16];

		insist(network->family == AF_INET || network->family == AF_INET6, "a network has a family");
		insist(network->bits >= 0 && network->bits <= most, "a network has a length");
		memcpy(last, network->bytes, 16);
		for (int bit = network->bits; bit < 128; bit++)
		{
			uint8_t		mask = (uint8_t) (0x80 >> bit % 8);

			insist((last[bit / 8] & mask) == 0, "bits behind the length are zero");
			last[bit / 8] |= mask;
		}
		/* Some ends of wide IPv6 networks are mapped addresses, which such networks do not cover. */
		if (network->family == AF_INET)
			insist(judge4(network->bytes, 22, list) == NULL && judge4(last, 22, list) == NULL, "a listed network is open");
		else if (!is_zero(last, 10))
			insist(judge6(network->bytes, 22, list) == NULL && judge6(last, 22, list) == NULL, "a listed network is open");
	}
}

static void
check_wrappings(const uint8_t *v4, int port, const GuardList *list)
{
	static const uint8_t public_ipv4[4] = {8, 8, 8, 8};
	const char *reason = judge4(v4, port, NULL);
	uint8_t		mapped[16] = {[10] = 0xFF, [11] = 0xFF};
	uint8_t		compatible[16] = {0};
	uint8_t		nat64[16] = {0x00, 0x64, 0xFF, 0x9B};
	uint8_t		six_to_four[16] = {0x20, 0x02, [15] = 1};
	uint8_t		teredo_client[16] = {0x20, 0x01, 0, 0};
	uint8_t		teredo_server[16] = {0x20, 0x01, 0, 0};
	uint8_t		isatap[16] = {0x2A, 0x00, [10] = 0x5E, [11] = 0xFE};

	memcpy(mapped + 12, v4, 4);
	memcpy(compatible + 12, v4, 4);
	memcpy(nat64 + 12, v4, 4);
	memcpy(six_to_four + 2, v4, 4);
	memcpy(teredo_client + 4, public_ipv4, 4);
	memcpy(teredo_server + 4, v4, 4);
	for (int i = 0; i < 4; i++)
	{
		teredo_client[12 + i] = (uint8_t) ~v4[i];
		teredo_server[12 + i] = (uint8_t) ~public_ipv4[i];
	}
	memcpy(isatap + 12, v4, 4);
	insist(same_reason(reason, judge6(mapped, port, NULL)), "mapped");
	insist(same_reason(judge4(v4, port, list), judge6(mapped, port, list)), "mapped, with a list");
	insist(same_reason(reason, judge6(nat64, port, NULL)), "NAT64");
	insist(same_reason(reason, judge6(six_to_four, port, NULL)), "6to4");
	insist(same_reason(reason, judge6(teredo_client, port, NULL)), "the client of Teredo");
	insist(same_reason(reason, judge6(teredo_server, port, NULL)), "the server of Teredo");
	insist(same_reason(reason, judge6(isatap, port, NULL)), "ISATAP");
	if (!is_zero(v4, 3))		/* :: and ::1 have reasons of their own */
		insist(same_reason(reason, judge6(compatible, port, NULL)), "compatible");
}

/* Formats, takes the port and the brackets off, reads and compares. */
static void
check_text(const struct sockaddr *address, socklen_t length, int port)
{
	char		text[GUARD_FORMAT_SIZE];
	char	   *start = text;
	char	   *colon;
	struct sockaddr_storage again;
	socklen_t	again_length;

	respond_guard_format(address, length, text, sizeof(text));
	insist(strlen(text) < sizeof(text) - 1, "the text fits");
	colon = strrchr(text, ':');
	insist(colon != NULL && atoi(colon + 1) == port, "the text ends with the port");
	*colon = '\0';
	if (text[0] == '[')
	{
		insist(colon[-1] == ']', "brackets are closed");
		colon[-1] = '\0';
		start++;
	}
	insist(respond_guard_from_text(start, port, &again, &again_length), "the text of an address is read");
	insist(again_length == length && memcmp(&again, address, length) == 0, "and read as the same");
}

static void
check_address(const uint8_t *bytes, const GuardList *list)
{
	static GuardNetwork all_networks[2] = {{AF_INET, {0}, 0}, {AF_INET6, {0}, 0}};
	static const GuardList all = {2, all_networks};
	int			port = bytes[16] * 256 + bytes[17];
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port), .sin6_scope_id = bytes[0] % 3};

	memcpy(&in.sin_addr, bytes, 4);
	memcpy(&in6.sin6_addr, bytes, 16);
	insist((judge4(bytes, port, &all) == NULL) == (port != 0), "a list of everything opens IPv4");
	insist((judge6(bytes, port, &all) == NULL) == (port != 0), "a list of everything opens IPv6");
	insist(judge4(bytes, port, NULL) != NULL || judge4(bytes, port, list) == NULL, "a list closes no IPv4");
	insist(judge6(bytes, port, NULL) != NULL || judge6(bytes, port, list) == NULL, "a list closes no IPv6");
	insist(same_reason(judge6(bytes, port, list),
					   respond_guard_judge((struct sockaddr *) &in6, sizeof(in6), list)), "the scope makes no difference");
	check_wrappings(bytes, port, list);
	check_wrappings(bytes + 12, port, list);
	check_text((struct sockaddr *) &in, sizeof(in), port);
	check_text((struct sockaddr *) &in6, sizeof(in6), port);
}

/* The bytes as they are, as a socket address of whatever family and length. */
static void
check_raw(const uint8_t *bytes, size_t size, const GuardList *list)
{
	socklen_t	length = size > sizeof(struct sockaddr_storage) ? sizeof(struct sockaddr_storage) : (socklen_t) size;
	uint8_t    *exact = malloc(length + 1);
	uint8_t    *unaligned = exact + 1;
	char		text[GUARD_FORMAT_SIZE];

	/* From an odd place up to the very end of the block. */
	memcpy(unaligned, bytes, length);
	for (int family = 0; family < 12; family++)
	{
		sa_family_t stored = (sa_family_t) family;
		const char *reason;

		if (length < sizeof(stored))
			break;
		if (family > 0)
			memcpy(unaligned, &stored, sizeof(stored));
		reason = respond_guard_judge((struct sockaddr *) (void *) unaligned, length, list);
		insist(reason == NULL || reason[0] != '\0', "a refusal says why");
		if (family > 0 && family != AF_INET && family != AF_INET6)
			insist(reason != NULL, "other families are closed");
		respond_guard_format((struct sockaddr *) (void *) unaligned, length, text, sizeof(text));
	}
	insist(respond_guard_judge((struct sockaddr *) (void *) unaligned, length < 2 ? length : 1, list) != NULL,
		   "what has no family is closed");
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = memchr(data, '\n', size);
	size_t		line = line_end == NULL ? size : (size_t) (line_end - data);
	const uint8_t *rest = line_end == NULL ? data : line_end + 1;
	size_t		rest_size = line_end == NULL ? size : size - line - 1;
	char	   *text = malloc(line + 1);
	GuardNetwork *networks = malloc(GUARD_MAX_NETWORKS * sizeof(GuardNetwork));
	GuardList	list = {0, networks};
	char		error[100];
	struct sockaddr_storage address;
	socklen_t	length;

	memcpy(text, data, line);
	text[line] = '\0';
	list.count = respond_guard_parse(text, networks, GUARD_MAX_NETWORKS, error, sizeof(error));
	insist(list.count >= -1 && list.count <= GUARD_MAX_NETWORKS, "a list has a length");
	insist((list.count == -1) == (error[0] != '\0'), "a refusal has a message");
	for (const char *c = error; *c != '\0'; c++)
		insist(*c >= ' ' && *c <= '~', "a message is plain text");
	if (list.count < 0)
		list.count = 0;
	reread(&list);
	check_networks(&list);
	if (respond_guard_from_text(text, 443, &address, &length))
		check_text((struct sockaddr *) &address, length, 443);
	for (size_t at = 0; at + ADDRESS_BYTES <= rest_size && at < 16 * ADDRESS_BYTES; at += ADDRESS_BYTES)
		check_address(rest + at, &list);
	check_raw(rest, rest_size, &list);
	free(networks);
	free(text);
	return 0;
}
