/* links: src/inbound/rate.c src/inbound/network_list.c src/common/json_depth.c src/inbound/json_soften.c src/wire/bytes_read.c src/common/arena.c */
/* libs: -lm */
/*-------------------------------------------------------------------------
 * test_inbound_parts.c
 *	  Rates, networks, and JSON that jsonb cannot hold.
 *
 * test/unit/test_inbound_parts.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "common/json_depth.h"
#include "inbound/json_soften.h"
#include "inbound/network_list.h"
#include "inbound/rate.h"

#define SECOND	INT64_C(1000000)

static Arena *arena;

/* How many of so many requests at once are let through. */
static int
burst(RateBucket *bucket, double rate, double most, int64_t now, int count)
{
	int			taken = 0;

	for (int i = 0; i < count; i++)
		taken += respond_rate_take(bucket, rate, most, now, NULL);
	return taken;
}

static void
check_rates(void)
{
	RateBucket	bucket = {0};
	int64_t		wait = 0;

	check(burst(&bucket, 5, 5, 100 * SECOND, 20) == 5, "a full bucket");
	check(!respond_rate_take(&bucket, 5, 5, 100 * SECOND, &wait) && wait == 1, "then nothing, for a second");
	check(burst(&bucket, 5, 5, 100 * SECOND + SECOND / 5, 20) == 1, "a fifth of a second later one");
	check(burst(&bucket, 5, 5, 101 * SECOND, 20) == 4, "in all five in a second");
	check(burst(&bucket, 5, 5, 1000 * SECOND, 20) == 5, "no more than five after a long time");
	check(burst(&bucket, 5, 5, 900 * SECOND, 20) == 0, "a time that goes back fills nothing");
	check(burst(&bucket, 5, 5, 901 * SECOND, 20) == 5, "and goes on from there");
	bucket = (RateBucket) {0};
	check(respond_rate_take(&bucket, 0.01, 1, 0, &wait), "one in a hundred seconds");
	check(!respond_rate_take(&bucket, 0.01, 1, SECOND, &wait) && wait == 99, "is told how long to wait");
	check(respond_rate_take(&bucket, 0.01, 1, 100 * SECOND, &wait), "and may come then");
	bucket = (RateBucket) {0};
	(void) respond_rate_take(&bucket, 1e-9, 1, 0, &wait);
	check(!respond_rate_take(&bucket, 1e-9, 1, 0, &wait) && wait == 86400, "nobody is told to wait for years");
}

/* Whether an address is in a network that is legal. */
static bool
is_in(const char *network, const char *address)
{
	Network		read;

	check_string(respond_network_read(network, &read), NULL, network);
	return respond_network_list_has(&read, 1, address);
}

static const char *
fault_of(const char *network)
{
	Network		read;

	return respond_network_read(network, &read);
}

static void
check_networks(void)
{
	Network		two[2];

	check(is_in("192.0.2.0/24", "192.0.2.255") && !is_in("192.0.2.0/24", "192.0.3.0"), "24 bits");
	check(is_in("192.0.2.128/25", "192.0.2.200") && !is_in("192.0.2.128/25", "192.0.2.127"), "25 bits");
	check(is_in("10.0.0.0/7", "11.1.1.1") && !is_in("10.0.0.0/7", "12.0.0.0"), "7 bits");
	check(is_in("192.0.2.1", "192.0.2.1") && !is_in("192.0.2.1", "192.0.2.2"), "one address");
	check(is_in("192.0.2.1/32", "192.0.2.1") && !is_in("192.0.2.1/32", "192.0.2.0"), "the same with its bits");
	check(is_in("0.0.0.0/0", "203.0.113.9") && !is_in("0.0.0.0/0", "2001:db8::1"), "all of IPv4 is none of IPv6");
	check(is_in("192.0.2.0/24", "::ffff:192.0.2.9"), "an address of IPv4 in its mapped form");
	check(is_in("2001:db8::/32", "2001:db8:ffff::1") && !is_in("2001:db8::/32", "2001:db9::"), "IPv6");
	check(is_in("::/0", "2001:db8::1") && is_in("2001:db8::1", "2001:db8::1") && !is_in("2001:db8::1", "2001:db8::2"), "all of it, and one");
	check(!is_in("0.0.0.0/0", "") && !is_in("::/0", "x") && !is_in("::/0", "1.2.3"), "what is no address is nowhere");
	check(respond_network_read("10.0.0.0/8", &two[0]) == NULL && respond_network_read("2001:db8::/32", &two[1]) == NULL &&
		  respond_network_list_has(two, 2, "2001:db8::5") && respond_network_list_has(two, 2, "10.2.3.4") &&
		  !respond_network_list_has(two, 2, "11.0.0.1") && !respond_network_list_has(two, 0, "10.2.3.4"), "a list of two, and of none");
	check_string(fault_of("192.0.2.1/24"), "has bits set behind those that count", "bits behind");
	check_string(fault_of("2001:db8::1/64"), "has bits set behind those that count", "the same of IPv6");
#define WRONG_BITS "has behind its slash no number of bits that its addresses have"
	check_string(fault_of("192.0.2.0/33"), WRONG_BITS, "more bits than there are");
	check_string(fault_of("2001:db8::/129"), WRONG_BITS, "the same of IPv6");
	check_string(fault_of("192.0.2.0/"), WRONG_BITS, "no bits");
	check_string(fault_of("192.0.2.0/-1"), WRONG_BITS, "less than none");
	check_string(fault_of("192.0.2.0/1e1"), WRONG_BITS, "no number");
	check_string(fault_of("192.0.2/24"), "is no address and no network", "three parts");
	check_string(fault_of(""), "is no address and no network", "nothing");
	check_string(fault_of("example.com"), "is no address and no network", "a name");
	check_string(fault_of("1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd"),
				 "is no address and no network", "a long text");
}

static const char *
soft(const char *text, bool decode)
{
	size_t		length = strlen(text);
	const char *softened = respond_json_soften(arena, text, &length, decode);

	check(strlen(softened) == length, "its length");
	return softened;
}

static void
check_softened(void)
{
	check_string(soft("{\"a\": 1}", false), "{\"a\": 1}", "nothing to do");
	check_string(soft("\"\\u0000\"", false), "\"\xEF\xBF\xBD\"", "NUL");
	check_string(soft("\"a\\u0000b\\u0041\"", false), "\"a\xEF\xBF\xBD" "b\\u0041\"", "among others");
	check_string(soft("\"\\\\u0000\"", false), "\"\\\\u0000\"", "a backslash before a u");
	check_string(soft("\"\\\\\\u0000\"", false), "\"\\\\\xEF\xBF\xBD\"", "a backslash, then NUL");
	check_string(soft("\"\\ud83d\"", false), "\"\xEF\xBF\xBD\"", "half of a pair");
	check_string(soft("\"\\ude00\\ud83d\"", false), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "both halves in the wrong order");
	check_string(soft("\"\\ud83d\\ude00\"", false), "\"\\ud83d\\ude00\"", "a pair");
	check_string(soft("\"\\ud83d\\u0041\"", false), "\"\xEF\xBF\xBD\\u0041\"", "half of one before another character");
	check_string(soft("\"\\ud83d\\ud83d\\ude00\"", false), "\"\xEF\xBF\xBD\\ud83d\\ude00\"", "half of one before a pair");
	check_string(soft("\"\\u00e9\\u20ac\\ud83d\\ude00\\u0041\\n\"", true), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\\u0041\\n\"", "decoded");
	check_string(soft("\"\\u00E9\"", false), "\"\\u00E9\"", "or not");
	check_string(soft("\"\\u00", false), "\"\\u00", "cut off");
	check_string(soft("\\", false), "\\", "a backslash alone");
	check_string(soft("\"\\u00zz\"", true), "\"\\u00zz\"", "no digits");
	check(!respond_json_is_deeper("[[1]]", 5, 2) && respond_json_is_deeper("[[1]]", 5, 1), "two lists");
	check(!respond_json_is_deeper("[\"[[[[\\\"[[\"]", 12, 1), "brackets in a text");
	check(!respond_json_is_deeper("[{}, {}, []]", 12, 2), "beside each other");
	check(respond_json_is_deeper("[\"\\\\\",[[", 8, 2) && !respond_json_is_deeper("[\"\\\\\\\",[[", 9, 2), "backslashes before a quotation mark");
	check(!respond_json_is_deeper("[\"[[[", 5, 1) && !respond_json_is_deeper("[\"", 2, 1), "a text that does not end");
	check(respond_json_is_deeper("{\"a\":{\"b\":{", 11, 2), "what does not end");
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_rates();
	check_networks();
	check_softened();
	respond_arena_destroy(arena);
	return check_done();
}
