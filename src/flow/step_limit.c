/*-------------------------------------------------------------------------
 * step_limit.c
 *	  "timeout" of steps that wait.
 *
 * src/flow/step_limit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/errors.h"
#include "flow/step_limit.h"

/* A request ends at its timeout by itself, and says what it had come to; a call has a limit of its own. */
static bool
is_limited(const FlowStep *step, const FlowPause *pause)
{
	return step->timeout > 0 && strcmp(pause->waits_for, PAUSE_ANSWER) != 0 &&
		strcmp(pause->waits_for, PAUSE_CALLBACK) != 0;
}

void
respond_step_limit(const FlowStep *step, const FlowPause *before, FlowPause *pause)
{
	if (!is_limited(step, pause))
		return;
	if (before != NULL && before->fails_at != 0)
		pause->fails_at = before->fails_at;
	else
		pause->fails_at = TimestampTzPlusMilliseconds(respond_clock_now(), step->timeout);
	pause->due_at = Min(pause->due_at, pause->fails_at);
}

void
respond_step_check_limit(const FlowStep *step, const FlowPause *pause, const FlowWake *wake)
{
	if (wake == NULL || wake->kind != WAKE_TIMEOUT || pause->fails_at == 0 || pause->due_at < pause->fails_at)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s: timed out after " INT64_FORMAT " ms", step->place, step->timeout)));
}
