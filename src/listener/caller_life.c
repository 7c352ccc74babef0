/*-------------------------------------------------------------------------
 * caller_life.c
 *	  From the first byte of a connection to its end.
 *
 * src/listener/caller_life.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller_life.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener/caller_answer.h"
#include "listener/caller_out.h"
#include "listener/caller_read.h"
#include "listener/caller_request.h"
#include "listener/tls.h"

/* Callers that have their turn before the sockets are looked at again. */
#define FAIR_TURNS		256

/* Connections above the limits that are told so, and not just closed. */
#define MOST_TURNED_AWAY	64

/* What a record of TLS begins with that opens a connection. */
#define TLS_HANDSHAKE	0x16

CallerLimits respond_caller_limits = {100, 0};

/* Somebody who speaks in clear where TLS is wanted is told so in clear.  False: nothing has come. */
static bool
look_at_first_byte(Caller *caller)
{
	unsigned char first;

	if (recv(caller->source.fd, &first, 1, MSG_PEEK) != 1)
		return caller->will_end;
	caller->was_looked_at = true;
	if (first != TLS_HANDSHAKE)
	{
		respond_net_free(&caller->stream);
		respond_caller_refuse(caller, 400, "this address is for https:// only", true);
	}
	return true;
}

static void
shake_hands(Caller *caller)
{
	NetVerdict	verdict;

	if (!caller->was_looked_at && !look_at_first_byte(caller))
		return;
	if (caller->state != CALLER_HANDSHAKE)
		return;
	verdict = respond_net_handshake(&caller->stream);
	if (verdict == NET_WAIT)
		return;
	if (verdict != NET_DONE)
	{
		respond_caller_close(caller);
		return;
	}
	caller->state = CALLER_HEAD;
	respond_deadline_set(&caller->deadline, DEADLINE_HEAD);
}

static void
go_on(Caller *caller)
{
	if (caller->state == CALLER_HANDSHAKE)
		shake_hands(caller);
	if (caller->out.count > 0 && !respond_caller_write(caller))
		return;
	if (caller->state != CALLER_CLOSED)
		respond_caller_read(caller);
}

static void
caller_ready(LoopSource *source, uint32_t events)
{
	Caller	   *caller = (Caller *) source;

	if (events & (EPOLLERR | EPOLLHUP))
	{
		respond_caller_close(caller);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP))
		caller->may_read = true;
	if (events & EPOLLRDHUP)
		caller->will_end = true;
	if (events & EPOLLOUT)
		caller->may_write = true;
	if (events & EPOLLRDHUP)
		respond_caller_note_end(caller);
	go_on(caller);
}

bool
respond_callers_go_on(void)
{
	for (int i = 0; i < FAIR_TURNS; i++)
	{
		Caller	   *caller = respond_caller_next_ready();

		if (caller == NULL)
			return false;
		go_on(caller);
	}
	return true;
}

/* What is not written in time is lost; of a stream, the event that is partly sent has its time too. */
static void
late_to_take(Caller *caller)
{
	if (caller->state == CALLER_STREAM)
	{
		respond_caller_counts.refused++;
		respond_caller_cut_off(caller);
	}
	else
		respond_caller_reset(caller);
}

static void
deadline_passed(Deadline *deadline, DeadlineKind kind)
{
	Caller	   *caller = (Caller *) ((char *) deadline - offsetof(Caller, deadline));

	switch (kind)
	{
		case DEADLINE_HEAD:
			if (caller->input.length > 0)
				respond_caller_refuse(caller, 408, "the head did not come in time", true);
			else
				respond_caller_close(caller);
			break;
		case DEADLINE_BODY:
			respond_caller_body_late(caller);
			break;
		case DEADLINE_TURN:
			respond_worker_leave(&caller->exchange);
			respond_caller_refuse(caller, 503, "there are too many requests at the moment", false);
			break;
		case DEADLINE_ANSWER:
			respond_worker_leave(&caller->exchange);
			respond_caller_refuse(caller, 504, "the database did not answer in time", false);
			break;
		case DEADLINE_WRITE:
			late_to_take(caller);
			break;
		case DEADLINE_LINGER:
			respond_caller_reset(caller);
			break;
		default:
			respond_caller_close(caller);
			break;
	}
}

bool
respond_caller_close_idle(void)
{
	Deadline   *oldest = respond_deadline_first(DEADLINE_IDLE);

	if (oldest == NULL)
		return false;
	respond_caller_close((Caller *) ((char *) oldest - offsetof(Caller, deadline)));
	return true;
}

/* Room for a new connection. */
static bool
make_room(void)
{
	return respond_caller_counts.connections < respond_caller_limits.in_all || respond_caller_close_idle();
}

/* NULL: the system has no room for it. */
static Caller *
new_caller(int fd, const Peer *peer)
{
	Caller	   *caller = calloc(1, sizeof(Caller));

	if (caller == NULL)
		return NULL;
	caller->source.fd = fd;
	caller->source.ready = caller_ready;
	caller->stream.fd = fd;
	caller->state = CALLER_HEAD;
	caller->deadline.passed = deadline_passed;
	caller->peer = *peer;
	caller->minor = 1;
	caller->may_write = true;
	if (!respond_loop_add(&caller->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
	{
		free(caller);
		return NULL;
	}
	return caller;
}

/* Too many others are there: the caller is told so, if not too many are told it, and if it would understand. */
static void
turn_away(int fd, const Peer *peer, bool is_tls, int status, const char *why)
{
	bool		is_told = !is_tls && respond_caller_counts.turned_away < MOST_TURNED_AWAY;
	Caller	   *caller = is_told ? new_caller(fd, peer) : NULL;

	if (caller == NULL)
	{
		respond_caller_counts.refused++;
		close(fd);
		return;
	}
	caller->is_turned_away = true;
	respond_caller_counts.turned_away++;
	respond_caller_refuse(caller, status, why, true);
}

static void
meet(int fd, const Peer *peer, bool is_tls)
{
	Caller	   *caller = new_caller(fd, peer);

	if (caller == NULL)
	{
		respond_peer_leave(peer);
		close(fd);
		return;
	}
	respond_caller_counts.connections++;
	if (!is_tls)
	{
		respond_deadline_set(&caller->deadline, DEADLINE_HEAD);
		return;
	}
	caller->stream.tls = respond_tls_begin(fd);
	caller->state = CALLER_HANDSHAKE;
	respond_deadline_set(&caller->deadline, DEADLINE_HANDSHAKE);
	if (caller->stream.tls == NULL)
		respond_caller_close(caller);
}

void
respond_caller_open(int fd, const Peer *peer, bool is_tls)
{
	respond_caller_counts.accepted++;
	if (!make_room())
		turn_away(fd, peer, is_tls, 503, "there are too many connections at the moment");
	else if (!respond_peer_enter(peer, respond_caller_limits.of_address))
		turn_away(fd, peer, is_tls, 429, "there are too many connections from this address");
	else
		meet(fd, peer, is_tls);
}
