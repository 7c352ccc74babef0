/*-------------------------------------------------------------------------
 * step_span.c
 *	  Spans of time that fields of steps give.
 *
 * src/flow/step_span.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "common/interval_read.h"
#include "flow/step_fields.h"
#include "flow/step_span.h"

/* Milliseconds of a number of seconds, or of an interval as text; -1 when it is neither. */
static int64
read_milliseconds(const JsonValue *value)
{
	Interval	interval;

	if (value->kind == JSON_KIND_NUMBER)
	{
		double		seconds = strtod(value->text, NULL);

		return seconds > 0 && seconds * 1000 <= STEP_LONGEST_SPAN ? (int64) (seconds * 1000) : -1;
	}
	if (value->kind == JSON_KIND_STRING && respond_interval_read(value->text, &interval))
		return respond_interval_milliseconds(&interval);
	return -1;
}

int64
respond_step_span(const char *place, const JsonValue *value, const char *field, int64 longest, const char *in_words)
{
	const JsonValue *span = respond_step_member(value, field);
	int64		milliseconds;

	if (span == NULL)
		return 0;
	milliseconds = read_milliseconds(span);
	if (milliseconds < 1 || milliseconds > longest)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: must be an interval from 1 ms to %s", place, field, in_words),
				 errhint("Write \"500 ms\" or \"2 s\", or a number of seconds.")));
	return milliseconds;
}
