/*-------------------------------------------------------------------------
 * ticks.h
 *	  The time, read once in each turn of the loop.
 *
 * src/listener/ticks.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKS_H
#define RESPOND_TICKS_H

#include <stdint.h>

/* Milliseconds of a clock that is never set. */
extern uint64_t respond_ticks_now(void);

extern void respond_ticks_read(void);

/* The value of a field Date: 29 bytes, which change once a second. */
extern const char *respond_ticks_date(void);

#endif							/* RESPOND_TICKS_H */
