/* links: src/companion/frame_socket.c src/companion/frame.c */
/*-------------------------------------------------------------------------
 * test_frame_socket.c
 *	  Frames over a socket: whatever the pieces they come in, and nobody waits.
 *
 * test/unit/test_frame_socket.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "companion/frame_socket.h"

static FrameSocket ends[2];

static void
open_pair(void)
{
	int			fds[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	for (int i = 0; i < 2; i++)
		check(respond_frame_socket_open(&ends[i], fds[i]), "an end is opened");
}

static void
close_pair(void)
{
	for (int i = 0; i < 2; i++)
		respond_frame_socket_close(&ends[i]);
}

/* A frame whose length and bytes follow from its number. */
static void
put(FrameSocket *socket, uint64_t number, size_t length)
{
	char	   *bytes = malloc(length + 1);

	memset(bytes, (int) number, length);
	respond_frame_begin(&socket->out, FRAME_REQUEST, number);
	respond_frame_put_text(&socket->out, bytes, length);
	check(respond_frame_end(&socket->out), "frame %d is written", (int) number);
	free(bytes);
}

static bool
is_frame(Frame *frame, uint64_t number, size_t length)
{
	FrameText	text = respond_frame_get_text(frame);

	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char) text.bytes[i] != (unsigned char) number)
			return false;
	return frame->request == number && text.length == length && respond_frame_is_done(frame);
}

/* Both sides take turns, as processes would. */
static void
check_many(void)
{
	static const size_t lengths[] = {0, 1, 700, 70000, 0, 9000000, 3, 300000};
	size_t		count = sizeof(lengths) / sizeof(lengths[0]);
	size_t		found = 0;
	int			turns = 0;

	open_pair();
	for (size_t i = 0; i < count; i++)
		put(&ends[0], i, lengths[i]);
	for (; found < count && turns < 100000; turns++)
	{
		Frame		frame;

		if (respond_frame_socket_send(&ends[0]) != SOCKET_FINE ||
			respond_frame_socket_receive(&ends[1]) != SOCKET_FINE)
			break;
		while (respond_frame_socket_next(&ends[1], &frame) == FRAME_WHOLE)
		{
			if (!is_frame(&frame, found, lengths[found]))
				break;
			found++;
		}
	}
	check(found == count && turns > 3, "all frames arrive as they were");
	check(respond_frame_socket_waiting(&ends[0]) == 0, "nothing waits any more");
	respond_frame_socket_send(&ends[0]);
	respond_frame_socket_receive(&ends[1]);
	check(ends[0].out.capacity <= 1024 * 1024 && ends[1].capacity <= 1024 * 1024, "large buffers are given back");
	close_pair();
}

static void
check_ends(void)
{
	Frame		frame;

	open_pair();
	check(respond_frame_socket_receive(&ends[0]) == SOCKET_FINE, "nothing came, nothing waits");
	check(respond_frame_socket_next(&ends[0], &frame) == FRAME_MORE, "no frame");
	put(&ends[1], 1, 5);
	respond_frame_socket_send(&ends[1]);
	respond_frame_socket_close(&ends[1]);
	respond_frame_socket_receive(&ends[0]);
	check(respond_frame_socket_next(&ends[0], &frame) == FRAME_WHOLE && is_frame(&frame, 1, 5),
		  "what was sent before the end is read");
	check(respond_frame_socket_receive(&ends[0]) == SOCKET_CLOSED, "then the end is seen");
	put(&ends[0], 2, 5);
	check(respond_frame_socket_send(&ends[0]) == SOCKET_CLOSED, "sending sees it too, without a signal");
	close_pair();
}

static void
check_full(void)
{
	open_pair();
	for (int i = 0; i < 4; i++)
		put(&ends[0], i, 1000000);
	check(respond_frame_socket_send(&ends[0]) == SOCKET_FINE && respond_frame_socket_waiting(&ends[0]) > 0,
		  "a reader that does not read makes bytes wait, not the sender");
	close_pair();
}

static void
check_rubbish(void)
{
	Frame		frame;

	open_pair();
	check(write(ends[1].fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27) == 27, "no frames at all");
	check(respond_frame_socket_receive(&ends[0]) == SOCKET_FINE, "are taken in");
	check(respond_frame_socket_next(&ends[0], &frame) == FRAME_BROKEN, "and told from frames");
	close_pair();
}

int
main(void)
{
	check_many();
	check_ends();
	check_full();
	check_rubbish();
	return check_done();
}
