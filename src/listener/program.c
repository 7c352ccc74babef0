/*-------------------------------------------------------------------------
 * program.c
 *	  pg_respond_gateway: the program that meets callers from the network.
 *
 * The worker "listener" starts it, with a socket pair to itself as descriptor 3 and
 * a listening Unix socket for other workers as descriptor 4; see companion/protocol.h.
 * It ends when the other end of descriptor 3 is closed.
 *
 * src/listener/program.c
 *-------------------------------------------------------------------------
 */
#include <signal.h>
#include <stdlib.h>

#include "companion/protocol.h"
#include "listener/caller_life.h"
#include "listener/control.h"
#include "listener/deadline.h"
#include "listener/doors.h"
#include "listener/loop.h"
#include "listener/sandbox.h"
#include "listener/socket_files.h"
#include "listener/worker.h"

/* Milliseconds until the loop looks at what changed without an event. */
#define LONGEST_WAIT	1000

static void
ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

/* The first addresses are open. */
static void
seal(void)
{
	respond_doors_each_file(respond_socket_files_note);
	respond_socket_files_keep();
	respond_sandbox_seal();
}

int
main(void)
{
	bool		is_busy = false;

	ignore_signals();
	if (!respond_sandbox_begin() || !respond_loop_open() ||
		!respond_control_open(PROTOCOL_CONTROL_FD, seal) ||
		!respond_workers_open(PROTOCOL_LISTEN_FD))
		return 1;
	while (respond_control_goes_on())
	{
		respond_loop_turn(is_busy ? 0 : respond_deadline_wait(LONGEST_WAIT));
		respond_deadline_pass();
		is_busy = respond_callers_go_on();
		respond_control_tick();
		respond_workers_flush();
	}
	return 0;
}
