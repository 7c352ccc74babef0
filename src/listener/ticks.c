/*-------------------------------------------------------------------------
 * ticks.c
 *	  The time, read once in each turn of the loop.
 *
 * src/listener/ticks.c
 *-------------------------------------------------------------------------
 */
#include "listener/ticks.h"

#include <stdio.h>
#include <time.h>

static uint64_t now;

uint64_t
respond_ticks_now(void)
{
	return now;
}

void
respond_ticks_read(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (uint64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* RFC 9110 section 5.6.7; strftime() would ask the locale for the names. */
const char *
respond_ticks_date(void)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static char date[80];
	static time_t written = -1;
	time_t		second = time(NULL);
	struct tm	parts;

	if (second != written && gmtime_r(&second, &parts) != NULL)
	{
		snprintf(date, sizeof(date), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * parts.tm_wday,
				 parts.tm_mday, months + 3 * parts.tm_mon, parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
				 parts.tm_sec);
		written = second;
	}
	return date;
}
