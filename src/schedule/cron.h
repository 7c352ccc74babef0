/*-------------------------------------------------------------------------
 * cron.h
 *	  Times that repeat, in the notation of cron; builds without a server.
 *
 * Five fields: minute, hour, day of month, month, day of week; or six, with
 * seconds first.  A field is a list of values, ranges and steps.  Names may
 * stand for months and days of the week, in either case.  A range may go over
 * the end of its field: FRI-MON, 22-2.  Beyond plain cron there are L, L-3, 15W
 * and LW among the days of the month, 5L and MON#2 among those of the week.
 *
 * Which days count: a field of days is restricted unless it is * or ?.  If both
 * are restricted, a day that is in either counts.
 *
 * What changes of the clock do: see respond_cron_next().
 *
 * src/schedule/cron.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CRON_H
#define RESPOND_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calendar/zone.h"

typedef enum CronField
{
	CRON_SECOND,
	CRON_MINUTE,
	CRON_HOUR,
	CRON_DAY_OF_MONTH,
	CRON_MONTH,
	CRON_DAY_OF_WEEK,
	CRON_FIELDS
} CronField;

/* What is wanted, as sets of bits. */
typedef struct Cron
{
	uint64_t	values[CRON_FIELDS];	/* bit n: the number n; Sunday is 0 */
	uint32_t	from_last;		/* bit n: n days before the last of the month */
	uint32_t	near;			/* bit n: the weekday nearest to day n */
	uint32_t	near_last;		/* bit n: the weekday nearest to n days before the last */
	uint8_t		nth[7];			/* by day of the week; bit n: the n-th one of the month */
	uint8_t		last_of;		/* bit n: the last such day of the month */
	bool		any_day_of_month;
	bool		any_day_of_week;
	bool		real_time;		/* seconds, minutes or hours have a * or a step without end */
} Cron;

typedef struct CronError
{
	const char *field;			/* its name, or NULL when it is about the whole */
	char		reason[160];
	char		allowed[160];	/* what may stand there */
} CronError;

/* Reads text; it may have any bytes.  False: see *error. */
extern bool respond_cron_parse(const char *text, size_t length, Cron *cron, CronError *error);

/* Whether no day ever fits, such as 30 February. */
extern bool respond_cron_is_impossible(const Cron *cron);

/*
 * The first instant after the given one, and not after last, at which it fires;
 * false when there is none.  Instants are seconds since 1970.
 *
 * Local times that the clock leaves out fire together, at the first instant
 * after the gap.  Of a local time that it shows twice, the first one fires.
 * The second one fires as well if the expression goes by real time: if its
 * seconds, minutes or hours have a * or a step without end.
 */
extern bool respond_cron_next(const Cron *cron, const Zone *zone, int64_t after, int64_t last, int64_t *next);

#endif							/* RESPOND_CRON_H */
