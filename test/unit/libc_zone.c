/*-------------------------------------------------------------------------
 * libc_zone.c
 *	  Time zones of the C library, for tests without a server.
 *
 * test/unit/libc_zone.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "libc_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOUR		INT64_C(3600)
#define LOOK_AHEAD	(400 * 24 * HOUR)

/* The stretch that was asked for last. */
static int64_t known_from = 0;
static int64_t known_until = 0;
static int64_t known_offset;

bool
libc_zone_use(const char *name)
{
	char		path[256];

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	if (strcmp(name, "UTC") != 0 && access(path, R_OK) != 0)
		return false;
	known_from = known_until = 0;
	setenv("TZ", name, 1);
	tzset();
	return true;
}

int64_t
libc_zone_offset(int64_t instant)
{
	time_t		time = (time_t) instant;
	struct tm	local;

	localtime_r(&time, &local);
	return local.tm_gmtoff;
}

/* Looks at each sixth hour, then halves; a stretch without change that is longer than LOOK_AHEAD comes in pieces. */
static void
find_stretch(int64_t instant, int64_t *end)
{
	int64_t		offset = libc_zone_offset(instant);
	int64_t		same = instant;

	*end = instant + LOOK_AHEAD;
	for (int64_t other = instant + 6 * HOUR; other < *end; other += 6 * HOUR)
	{
		if (libc_zone_offset(other) == offset)
		{
			same = other;
			continue;
		}
		while (other - same > 1)
		{
			int64_t		middle = same + (other - same) / 2;

			if (libc_zone_offset(middle) == offset)
				same = middle;
			else
				other = middle;
		}
		*end = other;
	}
	known_offset = offset;
}

static int64_t
offset_until(__attribute__((unused)) void *zone, int64_t instant, int64_t *end)
{
	if (instant < known_from || instant >= known_until)
	{
		find_stretch(instant, &known_until);
		known_from = instant;
	}
	*end = known_until;
	return known_offset;
}

const Zone libc_zone = {offset_until, NULL};

bool
libc_zone_read(const char *text, int64_t *instant)
{
	struct tm	time = {0};
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &time);

	if (end == NULL || *end != '\0')
		return false;
	*instant = timegm(&time);
	return true;
}

const char *
libc_zone_show(int64_t instant)
{
	static char room[64];
	time_t		time = (time_t) instant;
	struct tm	utc;

	gmtime_r(&time, &utc);
	strftime(room, sizeof(room), "%Y-%m-%d %H:%M:%S", &utc);
	return room;
}
