/*-------------------------------------------------------------------------
 * time_read.c
 *	  A time from a text that may not be one.
 *
 * src/common/time_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/time_read.h"

/* So many digits; false when there are others. */
static bool
read_digits(const char *text, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

/* Microseconds from the fraction, with its point; -1: it is none.  It ends in front of the zone. */
static int
read_fraction(const char *text, const char **zone)
{
	int			microseconds = 0;
	int			digits = 0;

	*zone = text;
	if (*text != '.')
		return 0;
	for (text++; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
		microseconds = microseconds * 10 + (*text - '0');
	*zone = text;
	if (digits == 0)
		return -1;
	for (; digits < 6; digits++)
		microseconds *= 10;
	return microseconds;
}

/*
 * Times as we write them, 2026-05-03T10:00:00.123456+00:00: a run that goes on reads
 * half a dozen of them, and the server's own parser, which takes anything, takes long.
 * False: that one has to say.
 */
static bool
read_plain(const char *text, TimestampTz *time)
{
	struct pg_tm tm = {0};
	const char *zone;
	int			microseconds;
	int			parts[6];
	static const struct
	{
		int			at;
		int			digits;
		char		next;
	}			fields[] = {{0, 4, '-'}, {5, 2, '-'}, {8, 2, 'T'}, {11, 2, ':'}, {14, 2, ':'}, {17, 2, '\0'}};

	if (strnlen(text, 19) < 19)
		return false;
	for (int i = 0; i < lengthof(fields); i++)
		if (!read_digits(text + fields[i].at, fields[i].digits, &parts[i]) ||
			(fields[i].next != '\0' && text[fields[i].at + fields[i].digits] != fields[i].next))
			return false;
	microseconds = read_fraction(text + 19, &zone);
	if (microseconds < 0 || strcmp(zone, "+00:00") != 0)
		return false;
	if (parts[0] == 0 || parts[1] < 1 || parts[1] > MONTHS_PER_YEAR || parts[2] < 1 ||
		parts[2] > day_tab[isleap(parts[0])][parts[1] - 1] || parts[3] >= HOURS_PER_DAY ||
		parts[4] >= MINS_PER_HOUR || parts[5] >= SECS_PER_MINUTE)
		return false;
	tm.tm_year = parts[0];
	tm.tm_mon = parts[1];
	tm.tm_mday = parts[2];
	tm.tm_hour = parts[3];
	tm.tm_min = parts[4];
	tm.tm_sec = parts[5];
	return tm2timestamp(&tm, microseconds, NULL, time) == 0;
}

bool
respond_time_read(const char *text, TimestampTz *time)
{
	volatile TimestampTz result = 0;
	volatile bool is_time = true;
	MemoryContext context = CurrentMemoryContext;

	if (read_plain(text, time))
		return true;
	PG_TRY();
	{
		result = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
														 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	PG_CATCH();
	{
		/* The parser holds nothing but memory, so its own errors can end here. */
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		is_time = false;
	}
	PG_END_TRY();
	*time = result;
	return is_time;
}
