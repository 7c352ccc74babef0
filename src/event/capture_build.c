/*-------------------------------------------------------------------------
 * capture_build.c
 *	  From a change of a row to its event, whatever the row holds.
 *
 * Types of the server convert their values with nothing but memory in hand, so
 * their errors can be caught as they are.  Where code runs that may do anything
 * (types of extensions, a subject or condition in SQL), or a value has to be
 * fetched from its TOAST table, a subtransaction is put around the row.  It gets
 * no transaction id of its own as long as nothing is written in it, and costs
 * less than what is done in it.
 *
 * When that fails, each part of the event is made again by itself, and what
 * fails then is replaced: a condition counts as true, a subject is the key, a
 * value is its text or left out.
 *
 * src/event/capture_build.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/tuptable.h"

#include "common/contain.h"
#include "common/error_class.h"
#include "event/capture_build.h"
#include "event/capture_fault.h"
#include "event/capture_limit.h"

typedef struct Build
{
	CaptureChange *change;
	NewEvent   *event;
	CaptureSubject *subject;
	bool		wanted;			/* out: what the condition says */
} Build;

static TupleTableSlot *
old_or_new(const CaptureChange *change)
{
	return change->old_row != NULL ? change->old_row : change->new_row;
}

static TupleTableSlot *
new_or_old(const CaptureChange *change)
{
	return change->new_row != NULL ? change->new_row : change->old_row;
}

static void
ask_condition(void *argument)
{
	Build	   *build = argument;
	CaptureChange *change = build->change;
	CaptureExpression *condition = change->capture->condition;
	bool		is_null;
	Datum		value;

	respond_capture_expression_reset(condition);
	value = respond_capture_expression_evaluate(condition, old_or_new(change), new_or_old(change), &is_null);
	build->wanted = !is_null && DatumGetBool(value);
	respond_capture_expression_reset(condition);
}

static void
make_subject(void *argument)
{
	Build	   *build = argument;
	CaptureChange *change = build->change;

	build->event->subject = NULL;
	if (new_or_old(change) != NULL)
		build->event->subject = respond_capture_subject_make(build->subject, change->old_row, change->new_row,
															 build->event->type, build->event->data);
}

/* Everything at once; data stays NULL when that has to be done carefully. */
static void
build_all(void *argument)
{
	Build	   *build = argument;
	CaptureChange *change = build->change;

	if (change->capture->condition != NULL)
		ask_condition(build);
	if (!build->wanted)
		return;
	build->event->data = respond_capture_data(change);
	if (build->event->data != NULL)
		make_subject(build);
}

/* Returns whether it could be done. */
static bool
build_unguarded(Build *build)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		build_all(build);
		done = true;
	}
	PG_CATCH();
	{
		if (!respond_error_may_be_swallowed(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return done;
}

static void
build_carefully(Build *build)
{
	CaptureChange *change = build->change;
	CaptureTrigger *capture = change->capture;
	ErrorData  *fault = NULL;
	ErrorData  *error;

	build->wanted = true;
	if (capture->condition != NULL)
	{
		error = respond_contain_try(ask_condition, build);
		if (error != NULL)
		{
			build->wanted = true;
			change->condition_failed = true;
			respond_capture_fault_error(capture, CAPTURE_FAULT_CONDITION, 1, error);
		}
	}
	if (!build->wanted)
		return;

	build->event->data = respond_capture_data_carefully(change, &fault);
	if (fault != NULL)
		respond_capture_fault_error(capture, CAPTURE_FAULT_VALUE, 1, fault);

	error = respond_contain_try(make_subject, build);
	if (error != NULL)
	{
		respond_capture_fault_error(capture, CAPTURE_FAULT_SUBJECT, 1, error);
		build->subject = capture->key_subject;
		if (respond_contain_try(make_subject, build) != NULL)
			build->event->subject = NULL;
	}
}

bool
respond_capture_build(CaptureChange *change, NewEvent *event)
{
	CaptureTrigger *capture = change->capture;
	Build		build = {change, event, capture->subject, true};
	bool		done;

	change->condition_failed = capture->condition_lost;
	event->data = NULL;
	if (change->old_row != NULL)
		slot_getallattrs(change->old_row);
	if (change->new_row != NULL)
		slot_getallattrs(change->new_row);
	/* what is not small may have to be fetched */
	if (!respond_capture_limit_is_far(change) || capture->foreign)
		done = respond_contain_try(build_all, &build) == NULL;
	else
		done = build_unguarded(&build);
	if (done && (!build.wanted || event->data != NULL))
		return build.wanted;
	build_carefully(&build);
	return build.wanted;
}
