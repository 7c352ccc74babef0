/*-------------------------------------------------------------------------
 * clock.h
 *	  The time that flows, timers and schedules go by.
 *
 * It is the server's, moved by pg_respond.clock_offset, so that days can pass
 * in a test.  How long something takes, and when it is tried again, is measured
 * with the server's time.
 *
 * src/common/clock.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOCK_H
#define RESPOND_CLOCK_H

#include "datatype/timestamp.h"

extern TimestampTz respond_clock_now(void);

/* How far that is ahead of the server's time, in us. */
extern int64 respond_clock_ahead(void);

/* The start of the current transaction: what events that it records carry. */
extern TimestampTz respond_clock_transaction_start(void);

#endif							/* RESPOND_CLOCK_H */
