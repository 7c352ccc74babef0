/*-------------------------------------------------------------------------
 * caller.c
 *	  Somebody who is connected, and where the connection stands.
 *
 * src/listener/caller.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "listener/budget.h"
#include "listener/worker.h"

CallerCounts respond_caller_counts;

static Caller *first_ready;
static Caller *last_ready;

Arena *
respond_caller_arena(void)
{
	static Arena *arena;

	if (arena == NULL)
		arena = respond_arena_create(&respond_arena_malloc_source);
	else
		respond_arena_reset(arena);
	return arena;
}

void
respond_caller_note_ready(Caller *caller)
{
	if (caller->is_ready)
		return;
	caller->is_ready = true;
	caller->next_ready = NULL;
	*(last_ready != NULL ? &last_ready->next_ready : &first_ready) = caller;
	last_ready = caller;
}

/* A closed one stays in the list until it is taken off. */
Caller *
respond_caller_next_ready(void)
{
	Caller	   *caller;

	while ((caller = first_ready) != NULL)
	{
		first_ready = caller->next_ready;
		if (first_ready == NULL)
			last_ready = NULL;
		caller->is_ready = false;
		if (caller->state != CALLER_CLOSED)
			return caller;
		respond_loop_free(&caller->source);
	}
	return NULL;
}

void
respond_caller_forget_request(Caller *caller)
{
	memset(&caller->scan, 0, sizeof(caller->scan));
	caller->flaw = WEB_WHOLE;
	respond_bytes_free(&caller->head);
	respond_bytes_free(&caller->body);
	if (caller->framing != NULL)
		respond_budget_give(sizeof(HttpBody));
	free(caller->framing);
	caller->framing = NULL;
}

void
respond_caller_close(Caller *caller)
{
	if (caller->state == CALLER_CLOSED)
		return;
	caller->state = CALLER_CLOSED;
	respond_worker_leave(&caller->exchange);
	respond_deadline_clear(&caller->deadline);
	respond_caller_forget_request(caller);
	respond_bytes_free(&caller->input);
	respond_out_queue_free(&caller->out);
	respond_net_free(&caller->stream);
	respond_loop_close(&caller->source);
	if (caller->is_turned_away)
		respond_caller_counts.turned_away--;
	else
	{
		respond_caller_counts.connections--;
		respond_peer_leave(&caller->peer);
	}
	if (!caller->is_ready)
		respond_loop_free(&caller->source);
}

void
respond_caller_reset(Caller *caller)
{
	struct linger at_once = {1, 0};

	if (caller->source.fd >= 0)
		(void) setsockopt(caller->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	respond_caller_close(caller);
}
