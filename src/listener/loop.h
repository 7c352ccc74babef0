/*-------------------------------------------------------------------------
 * loop.h
 *	  Descriptors that are waited for, and who is told when they are ready.
 *
 * src/listener/loop.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_H
#define RESPOND_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/epoll.h>

typedef struct LoopSource
{
	int			fd;				/* -1: closed */
	void		(*ready) (struct LoopSource *source, uint32_t events);	/* EPOLLIN and others */
	struct LoopSource *next;	/* of those that are freed at the end of the turn */
} LoopSource;

/* False, with errno: it cannot be had. */
extern bool respond_loop_open(void);

/* Waits for events of a descriptor; false, with errno: it cannot be. */
extern bool respond_loop_add(LoopSource *source, uint32_t events);
extern void respond_loop_change(LoopSource *source, uint32_t events);

/* Closes the descriptor. */
extern void respond_loop_close(LoopSource *source);

/* Frees a closed source, and what begins with it, at the end of the turn: events that came may still name it. */
extern void respond_loop_free(LoopSource *source);

/* Waits, no longer than so many milliseconds, and tells the sources that are ready. */
extern void respond_loop_turn(int timeout);

#endif							/* RESPOND_LOOP_H */
