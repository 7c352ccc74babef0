/*-------------------------------------------------------------------------
 * listener_session.h
 *	  The program that meets callers, in the process of a test: its sockets, its loop, and its time.
 *
 * It takes the place of src/listener/ticks.c and program.c; time stands still
 * unless the test moves it.
 *
 * test/unit/listener_session.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LISTENER_SESSION_H
#define RESPOND_LISTENER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds. */
extern uint64_t listener_now;

/* Once; false: the system refuses it. */
extern bool listener_begin(void);

/* The end of a caller whose connection the program has just accepted, or of a worker that connected; below 0: none. */
extern int	listener_caller(void);
extern int	listener_worker(void);

/* A worker that has said hello: for database "d" and host name "h". */
extern int	listener_greeted_worker(int lane);

/* The program does all that it can do at this moment. */
extern void listener_turn(void);

#endif							/* RESPOND_LISTENER_SESSION_H */
