/* links: src/listener/body_limits.c src/listener/budget.c src/listener/bytes.c src/listener/out_queue.c src/listener/peer.c
   src/companion/frame.c */
/*-------------------------------------------------------------------------
 * test_listener_parts.c
 *	  Parts of the program that meets callers: limits by path, networks, memory, what waits to be written.
 *
 * test/unit/test_listener_parts.c
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "listener/body_limits.h"
#include "listener/budget.h"
#include "listener/bytes.h"
#include "listener/out_queue.h"
#include "listener/peer.h"

static bool
read_limits(BodyLimits *limits, uint64_t count, const char *const *paths, const uint64_t *bytes)
{
	FrameBuffer buffer = {0};
	Frame		frame;
	size_t		used;
	bool		good;

	respond_frame_begin(&buffer, FRAME_LIMITS, 0);
	respond_frame_put_number(&buffer, 100);
	respond_frame_put_number(&buffer, count);
	for (uint64_t i = 0; i < count; i++)
	{
		respond_frame_put_string(&buffer, paths[i]);
		respond_frame_put_number(&buffer, bytes[i]);
	}
	respond_frame_end(&buffer);
	respond_frame_find(buffer.bytes, buffer.end, &frame, &used);
	good = respond_body_limits_read(limits, &frame);
	respond_frame_free(&buffer);
	return good;
}

static void
check_limit(const BodyLimits *limits, const char *path, uint64_t expected)
{
	check(respond_body_limits_of(limits, path, strlen(path)) == expected, "limit of \"%s\"", path);
}

static void
test_limits(void)
{
	static const char *const paths[] = {"/in/z", "/in/a", "/in", "/in/a/b/", "/v1"};
	static const uint64_t bytes[] = {1, 2, 3, 4, UINT64_MAX};
	static const char *const other[] = {"/"};
	BodyLimits	limits = {.others = BODY_LIMIT_DEFAULT};

	check_limit(&limits, "/in/a", BODY_LIMIT_DEFAULT);
	check(read_limits(&limits, 5, paths, bytes), "limits are read");
	check_limit(&limits, "/in/a", 2);
	check_limit(&limits, "/in/a/", 2);
	check_limit(&limits, "/in/a/c", 2);
	check_limit(&limits, "/in/a/b", 4);
	check_limit(&limits, "/in/a/b/c/d", 4);
	check_limit(&limits, "/in/ab", 3);
	check_limit(&limits, "/in", 3);
	check_limit(&limits, "/inn", 100);
	check_limit(&limits, "/", 100);
	check_limit(&limits, "/v1/x", BODY_LIMIT_HIGHEST);
	check(read_limits(&limits, 1, other, bytes), "others take their place");
	check_limit(&limits, "/in/a", 1);
	check(read_limits(&limits, 0, NULL, NULL), "and none");
	check_limit(&limits, "/in/a", 100);
	respond_body_limits_free(&limits);
}

static Peer
peer_of(const char *text)
{
	struct sockaddr_storage storage = {0};

	if (strchr(text, ':') != NULL)
	{
		storage.ss_family = AF_INET6;
		inet_pton(AF_INET6, text, &((struct sockaddr_in6 *) &storage)->sin6_addr);
	}
	else if (*text != '\0')
	{
		storage.ss_family = AF_INET;
		inet_pton(AF_INET, text, &((struct sockaddr_in *) &storage)->sin_addr);
	}
	else
		storage.ss_family = AF_UNIX;
	return respond_peer_of(&storage);
}

/* Whether a second connection is let in beside one of the other address, when one is the most. */
static bool
is_other(const char *one, const char *two)
{
	Peer		first = peer_of(one);
	Peer		second = peer_of(two);
	bool		entered;

	check(respond_peer_enter(&first, 1), "%s enters", one);
	entered = respond_peer_enter(&second, 1);
	if (entered)
		respond_peer_leave(&second);
	respond_peer_leave(&first);
	return entered;
}

static void
test_peers(void)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::1", ""};
	char		text[PEER_TEXT];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		Peer		peer = peer_of(texts[i]);

		respond_peer_text(&peer, text);
		check_string(text, texts[i], "an address as text");
	}
	check(!is_other("192.0.2.1", "192.0.2.1"), "an address is one");
	check(is_other("192.0.2.1", "192.0.2.2"), "its neighbour is another one");
	check(!is_other("2001:db8::1", "2001:db8::2:3:4:5"), "a network of IPv6 is one");
	check(is_other("2001:db8:0:1::1", "2001:db8:0:2::1"), "its neighbour is another one");
	check(is_other("", ""), "Unix sockets are not counted");
	for (int i = 0; i < 20000; i++)
	{
		struct sockaddr_storage storage = {.ss_family = AF_INET};
		Peer		peer;

		((struct sockaddr_in *) &storage)->sin_addr.s_addr = i / 2;
		peer = respond_peer_of(&storage);
		if (!respond_peer_enter(&peer, 2))
			check(false, "address %d has two connections", i / 2);
		if (i % 2 == 1 && respond_peer_enter(&peer, 2))
			check(false, "address %d has three", i / 2);
	}
	check(is_other("192.0.2.1", "192.0.2.2"), "many do not change that");
}

static void
test_budget(void)
{
	Bytes		bytes = {0};
	size_t		taken = 0;

	while (respond_budget_take(1 << 20))
		taken += 1 << 20;
	check(taken == BUDGET_ALL / 4 * 3, "large things leave a quarter");
	check(respond_bytes_add(&bytes, "x", 1), "to small ones");
	check(!respond_bytes_room(&bytes, 1 << 20), "a large one has to wait");
	check(bytes.length == 1 && bytes.bytes[0] == 'x', "and loses nothing");
	respond_bytes_free(&bytes);
	while (respond_budget_take(BUDGET_SMALL))
		taken += BUDGET_SMALL;
	check(taken == BUDGET_ALL, "all of it can be taken");
	check(!respond_bytes_add(&bytes, "x", 1) && respond_shared_bytes(1) == NULL, "and then nothing more");
	respond_budget_give(taken);
	check(respond_budget_taken() == 0, "it is given back");
}

static void
add(OutQueue *queue, size_t length)
{
	SharedBytes *shared = respond_shared_bytes(length);

	check(respond_out_queue_add(queue, shared, 0, length), "%d bytes wait", (int) length);
	respond_shared_bytes_drop(shared);
}

static void
test_queue(void)
{
	OutQueue	queue = {0};

	for (int i = 1; i <= 10; i++)
		add(&queue, i * 10);
	check(queue.waiting == 550, "all wait");
	respond_out_queue_wrote(&queue, 10);
	check(queue.count == 9 && !queue.begun, "one part is written");
	respond_out_queue_wrote(&queue, 25);
	check(queue.count == 8 && queue.begun && queue.waiting == 515, "another one, and some of the next");
	for (int i = 0; i < 5; i++)
		add(&queue, 5);
	respond_out_queue_cut(&queue, 0);
	check(queue.count == 1 && queue.waiting == 25, "what is begun stays");
	add(&queue, 100);
	add(&queue, 100);
	respond_out_queue_cut(&queue, 30);
	check(queue.count == 2 && queue.waiting == 125, "and what TLS was promised");
	respond_out_queue_wrote(&queue, 125);
	check(queue.count == 0 && queue.parts == NULL && respond_budget_taken() == 0, "nothing is left");
	add(&queue, 100);
	respond_out_queue_cut(&queue, 0);
	check(queue.count == 0 && queue.waiting == 0 && queue.parts == NULL, "what is not begun goes");
	add(&queue, 100);
	respond_out_queue_free(&queue);
	check(respond_budget_taken() == 0, "with its memory");
}

int
main(void)
{
	test_limits();
	test_peers();
	test_budget();
	test_queue();
	return check_done();
}
