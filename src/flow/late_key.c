/*-------------------------------------------------------------------------
 * late_key.c
 *	  Waits whose key comes out of a step before them.
 *
 * A place has the number of what had passed when it was made, and so has the wait that
 * is armed with it.  The wait keeps it in the pauses that follow; one that would have to
 * be armed later, as it was disarmed meanwhile, is not armed at all.
 *
 * src/flow/late_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "common/jsonb_read.h"
#include "common/pg_compat.h"
#include "flow/late_key.h"
#include "flow/mailbox.h"
#include "flow/run_edit.h"
#include "wait/wait_key.h"
#include "wait/wait_passed.h"
#include "wait/wait_pattern.h"

/* Rows of what has passed that are read at once. */
#define PIECE	1000

static int64
number_of(Jsonb *place)
{
	return respond_jsonb_find_int64(respond_jsonb_root(place), "passed");
}

/* Where the run stands in the order of events, with the number of what has passed if that is known there. */
static Jsonb *
make_place(FlowMachine *machine)
{
	Jsonb	   *place = machine->run->where();
	FlowPause  *pause = machine->pause;
	JsonbValue	number = {.type = jbvNumeric};

	if (respond_jsonb_find_member(respond_jsonb_root(place), "read") != NULL)
		return place;
	if (pause->passed == 0)
		pause->passed = respond_passed_now();
	number.val.numeric = int64_to_numeric(pause->passed);
	return respond_run_set_member(place, "passed", JsonbValueToJsonb(&number));
}

/* A run that stays in the queue for a place may be laid down there several times. */
static bool
has_begun(const FlowMachine *machine)
{
	return machine->pauses > 1 && strcmp(machine->pause->waits_for, PAUSE_PLACE) != 0;
}

static Jsonb *
keep_place(FlowMachine *machine, const WaitCode *code)
{
	FlowPause  *pause = machine->pause;

	if (code->since == WAIT_FROM_RUN)
	{
		if (machine->beginning == NULL && !has_begun(machine))
			machine->beginning = make_place(machine);
		return machine->beginning;
	}
	if (pause->place == NULL)
		pause->place = machine->began != NULL ? machine->began : make_place(machine);
	return pause->place;
}

void
respond_late_key_arm(FlowMachine *machine, const FlowStep *step, const WaitCode *code, int alternative)
{
	const Wait *before = respond_mailbox_keyless(machine, step, alternative);
	int64		number = number_of(keep_place(machine, code));
	FlowAwaited *awaited;

	/* nothing would come of one that is armed later than that */
	if (before == NULL && (number == 0 || number != machine->pause->passed))
		return;
	awaited = respond_wait_awaited(code, alternative, "");
	awaited->alternative = WAIT_KEYLESS(alternative);
	respond_mailbox_arm_keyless(machine, step, awaited, before != NULL ? before->passed_from : number);
}

bool
respond_late_key_waits(const FlowMachine *machine, const FlowStep *step, int alternative)
{
	return respond_mailbox_keyless(machine, step, alternative) != NULL;
}

bool
respond_late_key_reads(const FlowMachine *machine, const FlowStep *step, const WaitCode *code,
					   const FlowAwaited *awaited)
{
	return code->since == WAIT_FROM_RUN && machine->beginning != NULL && has_begun(machine) &&
		!list_member_ptr(machine->visited, step) && !respond_mailbox_has(machine, step, awaited);
}

/* One that the run comes to again hears what comes after the last event that it took. */
Jsonb *
respond_late_key_place(const FlowMachine *machine, const FlowStep *step, const WaitCode *code)
{
	switch (code->since)
	{
		case WAIT_FROM_RUN:
			return list_member_ptr(machine->visited, step) ? machine->before : machine->beginning;
		case WAIT_FROM_PREVIOUS:
			return machine->before;
		case WAIT_FROM_NOW:
			break;
	}
	return NULL;
}

/* What the events that have passed must be like. */
typedef struct Sought
{
	const char *key;
	WaitPatternSet *set;
	const KnownPattern *known;
} Sought;

static Sought
sought_of(const Wait *keyless, const FlowAwaited *awaited)
{
	WaitPattern pattern = {keyless->rule, keyless->rule_version, keyless->step, keyless->alternative,
	awaited->event_type, awaited->pattern, awaited->event_key};
	int64		id = respond_wait_pattern(&pattern);
	Sought		sought = {awaited->key, respond_wait_patterns()};

	sought.known = respond_wait_set_find(sought.set, id, pattern.rule, pattern.rule_version, pattern.step,
										 pattern.alternative);
	return sought;
}

/* Another key may have the same hash. */
static bool
is_sought(const Sought *sought, const Event *event)
{
	char	   *key;

	if (event == NULL || event->data == NULL || !respond_wait_set_meets(sought->set, sought->known, event))
		return false;
	key = respond_wait_key_read(sought->known->key, event);
	return key != NULL && strcmp(key, sought->key) == 0;
}

static void
add(Wait *wait, const PassedEvent *event)
{
	Size		bytes = sizeof(int64) * (wait->heard_count + 1);

	/* most often there is one, or none */
	wait->heard = wait->heard == NULL ? palloc(bytes) : repalloc_huge(wait->heard, bytes);
	wait->heard_at = wait->heard_at == NULL ? palloc(bytes) : repalloc_huge(wait->heard_at, bytes);
	wait->passed = wait->passed == NULL ? palloc(bytes) : repalloc_huge(wait->passed, bytes);
	wait->heard[wait->heard_count] = event->event_id;
	wait->heard_at[wait->heard_count] = event->recorded_at;
	wait->passed[wait->heard_count++] = event->id;
}

/* Adds the first ones to the wait, at most so many. */
static void
find(FlowMachine *machine, const Wait *keyless, const Sought *sought, int most, Wait *wait)
{
	MemoryContext piece = AllocSetContextCreate(CurrentMemoryContext, "pg_respond passed events",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	int64		after = PG_INT64_MIN;
	List	   *events;
	ListCell   *cell;

	do
	{
		MemoryContextReset(piece);
		MemoryContextSwitchTo(piece);
		events = respond_passed_find(keyless, sought->key, after, PIECE);
		foreach(cell, events)
		{
			const PassedEvent *event = lfirst(cell);
			bool		counts;

			CHECK_FOR_INTERRUPTS();
			after = event->id;
			counts = wait->heard_count < most && is_sought(sought, machine->run->fetch_event(event->event_id));
			MemoryContextSwitchTo(caller);
			if (counts)
				add(wait, event);
			MemoryContextSwitchTo(piece);
		}
	} while (list_length(events) == PIECE && wait->heard_count < most);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(piece);
}

static void
find_one(FlowMachine *machine, const FlowStep *step, const WaitCode *code, const FlowAwaited *awaited)
{
	const Wait *keyless = respond_mailbox_keyless(machine, step, awaited->alternative);
	Sought		sought;
	Wait	   *wait;

	if (keyless == NULL || respond_mailbox_has(machine, step, awaited) ||
		!respond_passed_is_known(keyless))
		return;
	sought = sought_of(keyless, awaited);
	wait = respond_wait_copy(keyless);
	wait->alternative = awaited->alternative;
	wait->key = awaited->key;
	wait->passed_from = 0;
	wait->was_found = true;
	find(machine, keyless, &sought, code->collect, wait);
	respond_mailbox_add(machine, step, wait);
}

void
respond_late_key_find(FlowMachine *machine, const FlowStep *step, const WaitCode *code, const List *events)
{
	ListCell   *cell;

	foreach(cell, events)
		find_one(machine, step, code, lfirst(cell));
}
