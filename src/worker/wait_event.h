/*-------------------------------------------------------------------------
 * wait_event.h
 *	  What processes of ours sleep for, as pg_stat_activity shows it.
 *
 * src/worker/wait_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_EVENT_H
#define RESPOND_WAIT_EVENT_H

typedef enum Sleep
{
	SLEEP_LAUNCHER,				/* until a database or a worker needs it */
	SLEEP_CLOCK,				/* until its next duty */
	SLEEP_DISPATCHER,			/* until there are events */
	SLEEP_COURIER,				/* until there is something to send */
	SLEEP_NETWORK,				/* of a courier: until somebody answers, or something more is to be sent */
	SLEEP_LISTENER,				/* until the gateway's program says something, or has ended */
	SLEEP_GATEWAY,				/* until there are requests, or the program that brings them */
	SLEEP_HOLD,					/* until somebody calls release() */
	SLEEP_RETRY,				/* until what is in the way may be gone */
	SLEEP_WORKERS_END			/* of a session: until workers have left a database that it wants for itself */
} Sleep;

/* The number to sleep with. */
extern uint32 respond_wait_event(Sleep sleep);

#endif							/* RESPOND_WAIT_EVENT_H */
