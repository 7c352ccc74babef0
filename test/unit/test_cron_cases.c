/* links: src/schedule/cron_parse.c src/schedule/cron_next.c src/calendar/stretch.c src/calendar/day.c test/unit/libc_zone.c */
/*-------------------------------------------------------------------------
 * test_cron_cases.c
 *	  Cron expressions as the tests of three public libraries have them.
 *
 * test/unit/cron_cases.tsv says where the cases are from and what its columns
 * are.  What differs from a library is marked there, with the reason.
 *
 * test/unit/test_cron_cases.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "libc_zone.h"
#include "schedule/cron.h"

#define CASES		"test/unit/cron_cases.tsv"
#define COLUMNS		7

/* As in the data of the libraries. */
#define LAST		INT64_C(253402300799)	/* 9999-12-31 23:59:59 */

typedef struct Case
{
	char	   *suite;
	char	   *expression;
	char	   *zone;
	char	   *after;
	char	   *theirs;
	char	   *ours;			/* when it differs */
	char	   *reason;
} Case;

static void
unescape(char *text)
{
	char	   *out = text;

	for (; *text != '\0'; text++)
	{
		if (*text == '\\' && (text[1] == 't' || text[1] == 'n'))
			*out++ = *++text == 't' ? '\t' : '\n';
		else
			*out++ = *text;
	}
	*out = '\0';
}

static bool
read_case(char *line, Case *one)
{
	char	   *columns[COLUMNS] = {NULL};
	int			count = 0;

	line[strcspn(line, "\n")] = '\0';
	if (*line == '#' || *line == '\0')
		return false;
	for (char *column; count < COLUMNS && (column = strsep(&line, "\t")) != NULL;)
		columns[count++] = column;
	*one = (Case) {columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6]};
	if (count < 5)
		return false;
	unescape(one->expression);
	return true;
}

/* What we make of it, in the words of the file. */
static const char *
answer(const Case *one)
{
	static char room[128];
	Cron		cron;
	CronError	error;
	int64_t		after;
	int64_t		next;

	if (!respond_cron_parse(one->expression, strlen(one->expression), &cron, &error))
	{
		snprintf(room, sizeof(room), "error:%s", error.field != NULL ? error.field : "");
		return room;
	}
	if (!libc_zone_use(one->zone))
		return "zone:";
	if (!libc_zone_read(one->after, &after))
		return "time?";
	if (!respond_cron_next(&cron, &libc_zone, after, LAST, &next))
		return "never";
	return libc_zone_show(next);
}

static bool
fits(const char *got, const char *wanted)
{
	if (strcmp(wanted, "parses") == 0)
		return strncmp(got, "error", 5) != 0;
	if (strncmp(wanted, "not:", 4) == 0)
		return strcmp(got, wanted + 4) != 0 && got[0] >= '0' && got[0] <= '9';
	/* a library may not say which field */
	if (strcmp(wanted, "error:") == 0)
		return strncmp(got, "error:", 6) == 0;
	return strcmp(got, wanted) == 0;
}

static void
check_case(const Case *one)
{
	const char *got = answer(one);
	const char *wanted = one->ours != NULL ? one->ours : one->theirs;

	if (strcmp(got, "zone:") == 0)
	{
		check_skip(one->expression, "this machine does not have its zone");
		return;
	}
	if (!check(fits(got, wanted), "%s: %s in %s after %s", one->suite, one->expression, one->zone, one->after))
		printf("#   got:      %s\n#   expected: %s\n", got, wanted);
	if (one->ours != NULL)
		check(one->reason != NULL && !fits(got, one->theirs), "%s: %s differs, and the file says why", one->suite,
			  one->expression);
}

int
main(void)
{
	FILE	   *file = fopen(CASES, "r");
	char		line[1024];
	int			count = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		Case		one;

		if (read_case(line, &one))
		{
			check_case(&one);
			count++;
		}
	}
	if (file != NULL)
		fclose(file);
	check(count > 1000, "%d cases are in %s", count, CASES);
	return check_done();
}
