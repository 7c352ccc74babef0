/*-------------------------------------------------------------------------
 * naive_cron.h
 *	  Random cron expressions, and when they fire, found by looking at each
 *	  second or minute in turn.
 *
 * Shares nothing with the code under test: the expression is made together with
 * what it means, and the calendar is that of the C library.
 *
 * test/unit/naive_cron.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NAIVE_CRON_H
#define RESPOND_NAIVE_CRON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NaiveDay
{
	enum
	{
		DAY_BEFORE_LAST,		/* number: days before the last of the month */
		DAY_NEAR,				/* the weekday nearest to a number */
		DAY_NEAR_LAST,
		DAY_NTH,				/* the number-th weekday */
		DAY_LAST_OF				/* the last weekday */
	}			kind;
	int			number;
	int			weekday;
} NaiveDay;

typedef struct NaiveCron
{
	char		text[512];
	bool		wanted[6][64];	/* by field, seconds first; Sunday is 0 */
	NaiveDay	days[8];
	int			day_count;
	bool		any_day_of_month;
	bool		any_day_of_week;
	bool		real_time;
	bool		whole_minutes;
} NaiveCron;

extern void naive_cron_seed(uint64_t seed);
extern uint32_t naive_cron_random(uint32_t bound);

/* Seconds are given only if wanted; with calm days, most days fit. */
extern void naive_cron_make(NaiveCron *cron, bool with_seconds, bool calm_days);

/* Whether it fits a local time, given as seconds since 1970 as if in UTC. */
extern bool naive_cron_fits(const NaiveCron *cron, int64_t local);

/* Whether some time of the day that begins there fits. */
extern bool naive_cron_fits_day(const NaiveCron *cron, int64_t local);

/* The first instant after one and up to another at which it fires in the zone of libc_zone.h; -1 if there is none. */
extern int64_t naive_cron_next(const NaiveCron *cron, int64_t after, int64_t last);

#endif							/* RESPOND_NAIVE_CRON_H */
