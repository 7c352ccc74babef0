/*-------------------------------------------------------------------------
 * run_wake.c
 *	  A run that waits goes on: the tries.
 *
 * What fails for a reason that may pass is tried again later, until that has lasted
 * too long.
 *
 * src/dispatcher/run_wake.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/guc.h"
#include "dispatcher/contain_effects.h"
#include "dispatcher/passage.h"
#include "dispatcher/place.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/run_go_on.h"
#include "dispatcher/run_order.h"
#include "dispatcher/run_place.h"
#include "dispatcher/run_tell.h"
#include "dispatcher/run_wake.h"
#include "dispatcher/storm.h"
#include "event/event_context.h"
#include "rule/rule_version_cache.h"
#include "worker/back_off.h"

/* Waits before another try, in ms, as for events that are set aside. */
#define AGAIN_FIRST			200
#define AGAIN_LONGEST		30000

static void
name_run(void *argument)
{
	const Passage *passage = argument;

	errcontext("run " INT64_FORMAT " of pg_respond", passage->awakening->run_id);
}

void
respond_run_give_up(const Awakening *awakening, const char *error)
{
	if (respond_run_place_is_open(awakening))
		awakening = respond_run_place_next(awakening);
	if (awakening == NULL)
		return;
	ereport(LOG,
			(errmsg("pg_respond gave up run " INT64_FORMAT ": %s", awakening->run_id, error)));
	respond_run_end(awakening, error, 0);
}

/* Tries it again then. */
static void
put_off_until(Awakening *awakening, TimestampTz due)
{
	Timer		timer = {.reader = TIMER_FLOW,.kind = TIMER_AGAIN,.due_at = due};

	respond_run_order_put_off(awakening, due);
	if (awakening->place == NULL)
		awakening->place = respond_place_save();
	timer.run_id = awakening->run_id;
	timer.run_started_at = awakening->run_started_at;
	timer.data = respond_awakening_save(awakening);
	(void) respond_timer_arm(&timer);
}

/* Tries it again later. */
static void
put_off(Awakening *awakening)
{
	TimestampTz now = respond_clock_now();
	int64		pause = respond_back_off(AGAIN_FIRST, AGAIN_LONGEST, awakening->tries);

	if (awakening->tries++ == 0)
		awakening->first_at = now;
	put_off_until(awakening, TimestampTzPlusMilliseconds(now, pause));
}

/* What it took counts for the rule, as if an event had fired it. */
static void
account(const Passage *passage, instr_time start, int64 caused)
{
	instr_time	taken;
	Rule	   *rule;

	INSTR_TIME_SET_CURRENT(taken);
	INSTR_TIME_SUBTRACT(taken, start);
	if (passage->row == NULL || !passage->went_on)
		return;
	respond_share_charge(respond_share_rule(passage->row->rule), INSTR_TIME_GET_MILLISEC(taken), false);
	rule = respond_rule_version_get(passage->row->rule, passage->row->rule_version);
	if (rule != NULL && passage->awakening->event != NULL)
		respond_storm_count(rule, passage->awakening->event, respond_event_context_caused() - caused);
}

/* Tried often enough: what may pass has not passed. */
static bool
is_over(const Awakening *awakening)
{
	return awakening->tries > 0 &&
		TimestampDifferenceExceeds(awakening->first_at, respond_clock_now(), respond_retry_time * 1000);
}

static bool
try_to_wake(Awakening *awakening, bool contained)
{
	Passage		passage = {.awakening = awakening};
	ErrorContextCallback context = {.previous = error_context_stack,.callback = name_run,.arg = &passage};
	instr_time	start;
	int64		caused = respond_event_context_caused();
	ErrorData  *error = NULL;
	TimestampTz due;

	if (respond_run_order_is_behind(awakening, &due))
	{
		put_off_until(awakening, due);
		return false;
	}
	INSTR_TIME_SET_CURRENT(start);
	error_context_stack = &context;
	respond_error_set_lasting(is_over(awakening));
	if (contained)
		error = respond_contain_effects(respond_run_tell, &passage);
	else
		respond_run_tell(&passage);
	respond_error_set_lasting(false);
	error_context_stack = context.previous;
	account(&passage, start, caused);
	if (error == NULL || !respond_error_is_transient(error->sqlerrcode))
		respond_run_order_done(awakening->run_id, awakening->number);
	if (error == NULL)
	{
		*awakening = *passage.awakening;
		return passage.went_on;
	}
	if (respond_error_is_transient(error->sqlerrcode))
		put_off(awakening);
	else
		respond_run_end(awakening, respond_error_clip(error->message), error->sqlerrcode);
	return false;
}

bool
respond_run_wake(Awakening *awakening, bool contained)
{
	bool		went_on;

	if (awakening->place != NULL)
		respond_place_go_back(awakening->place);
	went_on = try_to_wake(awakening, contained);
	respond_place_return();
	return went_on;
}
