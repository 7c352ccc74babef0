/* links: src/on_call/rotation.c src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c test/unit/libc_zone.c */
/*-------------------------------------------------------------------------
 * test_rotation_vectors.c
 *	  The cases of test/vectors/rotation.tsv.
 *
 * test/unit/test_rotation_vectors.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "libc_zone.h"
#include "on_call/rotation.h"

#define FILE_NAME	"test/vectors/rotation.tsv"
#define EPOCH		INT64_C(946684800)	/* 2000-01-01 */
#define SECOND		INT64_C(1000000)

typedef enum Column
{
	ZONE, STARTS, UNIT, UNITS, HANDOFFS, SOURCE, COLUMNS
} Column;

static bool
cut(char *line, char *columns[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
	{
		char	   *end = strchr(line, i == COLUMNS - 1 ? '\n' : '\t');

		if (end == NULL)
			return false;
		*end = '\0';
		columns[i] = line;
		line = end + 1;
	}
	return true;
}

static RotationUnit
unit_of(const char *name)
{
	return strcmp(name, "hour") == 0 ? ROTATION_HOUR : strcmp(name, "day") == 0 ? ROTATION_DAY :
		strcmp(name, "week") == 0 ? ROTATION_WEEK : ROTATION_MONTH;
}

/* Each shift is from one handoff to the next, at its first and at its last moment. */
static bool
follow(const Rotation *rotation, char *handoffs)
{
	int64_t		from = 0;
	int			count = 0;
	char	   *rest;

	for (char *text = strtok_r(handoffs, ",", &rest); text != NULL; text = strtok_r(NULL, ",", &rest))
	{
		int64_t		to;
		RotationShift shift;

		if (!libc_zone_read(text + strspn(text, " "), &to))
			return false;
		to = (to - EPOCH) * SECOND;
		for (int last = 0; last <= 1 && count > 0; last++)
		{
			respond_rotation_shift(rotation, last ? to - 1 : from, &shift);
			if (shift.from != from || shift.to != to || shift.member != rotation->members)
				return false;
		}
		from = to;
		count++;
	}
	return count > 1;
}

static bool
run(char *columns[COLUMNS])
{
	RotationMember member = {"a", ROTATION_BEGIN, ROTATION_END};
	Rotation	rotation = {.zone = libc_zone, .member_count = 1, .members = &member};

	rotation.unit = unit_of(columns[UNIT]);
	rotation.length = atoi(columns[UNITS]);
	return libc_zone_use(columns[ZONE]) && libc_zone_read(columns[STARTS], &rotation.starts) &&
		follow(&rotation, columns[HANDOFFS]);
}

int
main(void)
{
	FILE	   *file = fopen(FILE_NAME, "r");
	char		line[4096];
	char	   *columns[COLUMNS];

	if (!check(file != NULL, "there is %s", FILE_NAME))
		return check_done();
	while (fgets(line, sizeof(line), file) != NULL)
	{
		bool		ok;

		if (line[0] == '#')
			continue;
		if (!check(cut(line, columns), "a line has %d columns", COLUMNS))
			continue;
		ok = run(columns);
		check(ok, "%s: %s from %s, %s %s", columns[SOURCE], columns[ZONE], columns[STARTS], columns[UNITS], columns[UNIT]);
	}
	fclose(file);
	return check_done();
}
