/*-------------------------------------------------------------------------
 * loop.c
 *	  Descriptors that are waited for, and who is told when they are ready.
 *
 * src/listener/loop.c
 *-------------------------------------------------------------------------
 */
#include "listener/loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "listener/ticks.h"

#define MAX_EVENTS	256

static int	set = -1;
static LoopSource *garbage;

bool
respond_loop_open(void)
{
	set = epoll_create1(EPOLL_CLOEXEC);
	respond_ticks_read();
	return set >= 0;
}

bool
respond_loop_add(LoopSource *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(set, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

void
respond_loop_change(LoopSource *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	(void) epoll_ctl(set, EPOLL_CTL_MOD, source->fd, &event);
}

void
respond_loop_close(LoopSource *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

void
respond_loop_free(LoopSource *source)
{
	source->next = garbage;
	garbage = source;
}

static void
free_garbage(void)
{
	while (garbage != NULL)
	{
		LoopSource *next = garbage->next;

		free(garbage);
		garbage = next;
	}
}

void
respond_loop_turn(int timeout)
{
	struct epoll_event events[MAX_EVENTS];
	int			count = epoll_wait(set, events, MAX_EVENTS, timeout);

	respond_ticks_read();
	for (int i = 0; i < count; i++)
	{
		LoopSource *source = events[i].data.ptr;

		if (source->fd >= 0)
			source->ready(source, events[i].events);
	}
	free_garbage();
}
