/*-------------------------------------------------------------------------
 * clock.h
 *	  The worker that does the upkeep in time.
 *
 * src/clock/clock.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOCK_H
#define RESPOND_CLOCK_H

/* Entry point, started by the launcher; main_arg is slot number and generation. */
extern PGDLLEXPORT void respond_clock_main(Datum main_arg);

#endif							/* RESPOND_CLOCK_H */
