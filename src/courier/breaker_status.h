/*-------------------------------------------------------------------------
 * breaker_status.h
 *	  Breakers that are open, in shared memory: for health(), and to try at once.
 *
 * src/courier/breaker_status.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BREAKER_STATUS_H
#define RESPOND_BREAKER_STATUS_H

#include "courier/breaker.h"

/* Asks for shared memory; at load. */
extern void respond_breaker_status_initialize(void);

/* A courier starts: what the one before has shown does not count. */
extern void respond_breaker_status_clear(void);

/* It is open or half open; it is closed. */
extern void respond_breaker_status_show(Breaker *breaker, TimestampTz now);
extern void respond_breaker_status_hide(Breaker *breaker);

/* Opens those that somebody wants to have tried at once to their probe. */
extern void respond_breaker_status_take_up(TimestampTz now);

#endif							/* RESPOND_BREAKER_STATUS_H */
