/*-------------------------------------------------------------------------
 * fuzz_cron.c
 *	  Cron expressions of any bytes.
 *
 * Input: an expression.  Checked besides memory: what is refused has a reason;
 * what is taken fires later and later, at times that are also found from a
 * moment before them, or never; white space and capitals change nothing.
 *
 * test/fuzz/fuzz_cron.c
 *-------------------------------------------------------------------------
 */
/* links: src/schedule/cron_parse.c src/schedule/cron_next.c src/calendar/stretch.c src/calendar/day.c */
#include <string.h>

#include "insist.h"
#include "schedule/cron.h"

#define DAY			INT64_C(86400)
#define LAST		(INT64_C(3000) * 366 * DAY)
#define TIMES		20

/* Clocks that are changed every 100 days, by an hour or a day, and more wildly before 1970. */
static int64_t
offset_until(__attribute__((unused)) void *zone, int64_t instant, int64_t *end)
{
	int64_t		period = instant / (100 * DAY) - (instant % (100 * DAY) < 0);

	*end = (period + 1) * 100 * DAY;
	if (period < 0)
		return -period * 7919 % 80000 - 40000;
	return period % 8 == 7 ? DAY / 2 : period % 2 * 3600;
}

static void
follow(const Cron *cron)
{
	const Zone zone = {offset_until, NULL};
	int64_t		after = -200 * DAY;
	int64_t		next;

	for (int i = 0; i < TIMES; i++)
	{
		int64_t		again;

		if (!respond_cron_next(cron, &zone, after, LAST, &next))
		{
			insist(i == 0 ? respond_cron_is_impossible(cron) : true, "what is possible fires");
			return;
		}
		insist(next > after && next <= LAST, "it fires later");
		insist(!respond_cron_next(cron, &zone, after, next - 1, &again), "it does not fire earlier");
		insist(respond_cron_next(cron, &zone, next - 1, LAST, &again) && again == next, "it fires when it fires");
		after = next + (i == TIMES / 2 ? 1000 * DAY : 0);
	}
}

static void
insist_same(const Cron *cron, const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 2);
	Cron		other;
	CronError	error;

	text[0] = '\t';
	for (size_t i = 0; i < size; i++)
		text[i + 1] = data[i] >= 'a' && data[i] <= 'z' ? (char) (data[i] - 'a' + 'A') : (char) data[i];
	text[size + 1] = ' ';
	insist(respond_cron_parse(text, size + 2, &other, &error) && memcmp(cron, &other, sizeof(other)) == 0,
		   "white space and capitals change nothing");
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Cron		cron;
	CronError	error = {0};

	if (!respond_cron_parse((const char *) data, size, &cron, &error))
	{
		insist(error.reason[0] != '\0' && error.allowed[0] != '\0', "what is refused has a reason");
		for (const char *c = error.reason; *c != '\0'; c++)
			insist(*c >= ' ' && *c <= '~', "a reason can be shown in any encoding");
		return 0;
	}
	insist_same(&cron, data, size);
	follow(&cron);
	return 0;
}
