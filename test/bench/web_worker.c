/*-------------------------------------------------------------------------
 * web_worker.c
 *	  A worker that starts pg_respond_gateway, and answers each request with 204 at once.
 *
 * usage: web_worker PROGRAM VERSION PORT FOLDER
 *
 * Prints a line once callers may come; ends, and the program with it, when its
 * standard input is closed.
 *
 * build: cc -O2 -Isrc web_worker.c src/companion/frame.c src/companion/frame_socket.c
 *
 * test/bench/web_worker.c
 *-------------------------------------------------------------------------
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "companion/frame_socket.h"
#include "companion/protocol.h"

static FrameSocket control;
static FrameSocket worker;
static struct sockaddr_un name = {.sun_family = AF_UNIX};

static void
die(const char *message)
{
	perror(message);
	exit(1);
}

static void
start(const char *program, const char *folder)
{
	int			ends[2];
	int			door = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/web_worker.sock", folder);
	unlink(name.sun_path);
	if (bind(door, (struct sockaddr *) &name, sizeof(name)) != 0 || listen(door, 10) != 0 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		die("sockets");
	if (fork() == 0)
	{
		char	   *arguments[] = {(char *) program, NULL};
		char	   *environment[] = {NULL};

		dup2(ends[1], 20);
		dup2(door, 21);
		dup2(20, PROTOCOL_CONTROL_FD);
		dup2(21, PROTOCOL_LISTEN_FD);
		for (int fd = 5; fd < 30; fd++)
			close(fd);
		execve(program, arguments, environment);
		_exit(127);
	}
	close(ends[1]);
	close(door);
	if (!respond_frame_socket_open(&control, ends[0]))
		die("control");
}

static void
say_hello(FrameSocket *to, const char *version, const char *database)
{
	respond_frame_begin(&to->out, FRAME_HELLO, 0);
	respond_frame_put_number(&to->out, FRAME_PROTOCOL);
	respond_frame_put_string(&to->out, version);
	respond_frame_put_string(&to->out, database);
	respond_frame_put_number(&to->out, 0);
	respond_frame_put_number(&to->out, 0);
	respond_frame_end(&to->out);
	respond_frame_socket_send(to);
}

static void
configure(const char *port)
{
	char		address[40];

	snprintf(address, sizeof(address), "127.0.0.1:%s", port);
	respond_frame_begin(&control.out, FRAME_CONFIG, 0);
	respond_frame_put_number(&control.out, 20000);
	respond_frame_put_number(&control.out, 0);
	respond_frame_put_string(&control.out, "");
	respond_frame_put_string(&control.out, "");
	respond_frame_put_number(&control.out, 1);
	respond_frame_put_string(&control.out, address);
	respond_frame_end(&control.out);
	respond_frame_socket_send(&control);
}

/* The next frame, whenever it comes. */
static FrameKind
wait_for_frame(FrameSocket *from)
{
	Frame		frame;

	while (respond_frame_socket_next(from, &frame) != FRAME_WHOLE)
	{
		struct pollfd event = {from->fd, POLLIN, 0};

		if (poll(&event, 1, -1) < 0 || respond_frame_socket_receive(from) != SOCKET_FINE)
			die("the program has ended");
	}
	return frame.kind;
}

static void
answer_all(void)
{
	Frame		frame;

	while (respond_frame_socket_next(&worker, &frame) == FRAME_WHOLE)
	{
		if (frame.kind != FRAME_REQUEST)
			continue;
		respond_frame_begin(&worker.out, FRAME_ANSWER, frame.request);
		respond_frame_put_number(&worker.out, 204);
		respond_frame_put_string(&worker.out, "");
		respond_frame_put_string(&worker.out, "");
		respond_frame_end(&worker.out);
	}
	respond_frame_socket_send(&worker);
}

int
main(int argc, char **argv)
{
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd events[3];

	if (argc != 5)
	{
		fprintf(stderr, "usage: web_worker PROGRAM VERSION PORT FOLDER\n");
		return 2;
	}
	start(argv[1], argv[4]);
	say_hello(&control, argv[2], "");
	if (wait_for_frame(&control) != FRAME_WELCOME)
		die("no welcome");
	configure(argv[3]);
	wait_for_frame(&control);
	if (connect(fd, (struct sockaddr *) &name, sizeof(name)) != 0 || !respond_frame_socket_open(&worker, fd))
		die("connect");
	say_hello(&worker, argv[2], "bench");
	wait_for_frame(&worker);
	puts("ready");
	fflush(stdout);
	events[0] = (struct pollfd) {worker.fd, POLLIN, 0};
	events[1] = (struct pollfd) {control.fd, POLLIN, 0};
	events[2] = (struct pollfd) {STDIN_FILENO, POLLIN, 0};
	for (;;)
	{
		Frame		frame;

		if (poll(events, 3, -1) < 0 || events[2].revents != 0)
			return 0;
		if (events[1].revents != 0 && respond_frame_socket_receive(&control) != SOCKET_FINE)
			die("the program has ended");
		while (respond_frame_socket_next(&control, &frame) == FRAME_WHOLE)
			;
		if (events[0].revents != 0 && respond_frame_socket_receive(&worker) != SOCKET_FINE)
			die("the program left");
		answer_all();
	}
}
