/*-------------------------------------------------------------------------
 * zone_read.c
 *	  Time zones that people name.
 *
 * They are those of the server, by name.  It would take more than names: UTC+2
 * is for it a zone two hours behind UTC, in the notation of POSIX, and so is any
 * misspelt name with a number.  Such zones are refused.
 *
 * src/common/zone_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "common/zone_read.h"

/* Zones of the database of zones that look like one of POSIX. */
static bool
is_old_name(const char *name)
{
	static const char *const names[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "GMT0", "GMT+0", "GMT-0"};

	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A zone of POSIX is known to the server by its text in capitals. */
static bool
is_posix(pg_tz *zone)
{
	const char *name = pg_get_timezone_name(zone);
	bool		digits = false;

	for (const char *c = name; *c != '\0'; c++)
	{
		if (*c >= 'a' && *c <= 'z')
			return false;
		digits |= *c >= '0' && *c <= '9';
	}
	return digits && !is_old_name(name);
}

pg_tz *
respond_zone_find(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	return zone != NULL && pg_tz_acceptable(zone) && !is_posix(zone) ? zone : NULL;
}

pg_tz *
respond_zone_read(const char *place, const char *name)
{
	pg_tz	   *zone = respond_zone_find(name);

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: there is no time zone \"%s\"", place, name),
				 errhint("Write a name of pg_timezone_names, such as Europe/Berlin.")));
	return zone;
}
