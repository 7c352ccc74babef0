/*-------------------------------------------------------------------------
 * frame_watch.c
 *	  Stops work for a caller that has left.
 *
 * A timer looks whether there is anything to read, without reading it, as
 * client_connection_check_interval does for sessions.  What it calls is safe in a handler of
 * signals.
 *
 * src/companion/frame_watch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "miscadmin.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "companion/frame_watch.h"

/* Milliseconds between two looks. */
#define LOOK_EVERY	100

/* MAX_TIMEOUTS is beyond what can be registered. */
static TimeoutId timer = MAX_TIMEOUTS;

static int	watched = -1;
static bool has_rest;			/* a part of the next frame was read with the request */
static bool is_watching = false;

/* Written by the signal handler. */
static volatile sig_atomic_t has_left = false;

static bool
is_something_there(void)
{
	char		byte;

	if (has_rest || recv(watched, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
		return true;
	return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

/* SQL that catches its cancel is cancelled again. */
static void
look(void)
{
	int			error = errno;

	if (is_something_there())
	{
		has_left = true;
		QueryCancelPending = true;
		InterruptPending = true;
	}
	errno = error;
}

void
respond_frame_watch_socket(const FrameSocket *socket)
{
	watched = socket != NULL ? socket->fd : -1;
	has_rest = socket != NULL && socket->end > socket->start;
}

void
respond_frame_watch_begin(void)
{
	has_left = false;
	is_watching = watched >= 0;
	if (!is_watching)
		return;
	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, look);
	enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOOK_EVERY), LOOK_EVERY);
}

bool
respond_frame_watch_end(void)
{
	if (!is_watching)
		return false;
	is_watching = false;
	disable_timeout(timer, false);
	/* one that came too late must not hit what follows */
	if (has_left)
		QueryCancelPending = false;
	return has_left;
}
