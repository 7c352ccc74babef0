/*-------------------------------------------------------------------------
 * mailbox.c
 *	  What the waits of a run have heard before the run came to them.
 *
 * src/flow/mailbox.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/clock.h"
#include "flow/mailbox.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

static bool
is_of_step(const Wait *wait, const FlowStep *step)
{
	return strcmp(wait->step, respond_step_label(step)) == 0;
}

/* The wait that was armed for this event under this key; NULL: none. */
static Wait *
find_wait(const FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited)
{
	ListCell   *cell;

	foreach(cell, machine->mailbox)
	{
		Wait	   *wait = lfirst(cell);

		if (is_of_step(wait, step) && wait->alternative == awaited->alternative &&
			strcmp(wait->key, awaited->key) == 0)
			return wait;
	}
	return NULL;
}

/* In the order in which the waits heard them, as far as it is known. */
static int
compare_heard(const ListCell *left, const ListCell *right)
{
	const Heard *a = lfirst(left);
	const Heard *b = lfirst(right);

	return a->event_id < b->event_id ? -1 : a->event_id > b->event_id;
}

static int
compare_passed(const ListCell *left, const ListCell *right)
{
	const Heard *a = lfirst(left);
	const Heard *b = lfirst(right);

	return a->passed < b->passed ? -1 : a->passed > b->passed;
}

static bool
all_passed(const List *heard)
{
	ListCell   *cell;

	foreach(cell, heard)
		if (((Heard *) lfirst(cell))->passed == 0)
			return false;
	return true;
}

static List *
add_heard(List *list, const Wait *wait)
{
	for (int i = 0; i < wait->heard_count; i++)
	{
		Heard	   *heard = palloc(sizeof(Heard));

		heard->event_id = wait->heard[i];
		heard->alternative = wait->alternative;
		heard->recorded_at = wait->heard_at[i];
		heard->passed = wait->passed != NULL ? wait->passed[i] : 0;
		list = lappend(list, heard);
	}
	return list;
}

List *
respond_mailbox_find(const FlowMachine *machine, const FlowStep *step, const List *events)
{
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, events)
	{
		const Wait *wait = find_wait(machine, step, lfirst(cell));

		if (wait != NULL)
			found = add_heard(found, wait);
	}
	if (list_length(events) > 1)
		list_sort(found, all_passed(found) ? compare_passed : compare_heard);
	return found;
}

TimestampTz
respond_mailbox_since(const FlowMachine *machine, const FlowStep *step, TimestampTz otherwise)
{
	TimestampTz since = otherwise;
	ListCell   *cell;

	foreach(cell, machine->mailbox)
	{
		const Wait *wait = lfirst(cell);

		if (is_of_step(wait, step))
			since = Min(since, wait->since);
	}
	return since;
}

List *
respond_mailbox_all(const FlowMachine *machine, const FlowStep *step)
{
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, machine->mailbox)
		if (is_of_step(lfirst(cell), step))
			found = add_heard(found, lfirst(cell));
	list_sort(found, compare_heard);
	return found;
}

bool
respond_mailbox_covers(const FlowMachine *machine, const FlowStep *step, const List *events)
{
	ListCell   *cell;

	foreach(cell, events)
		if (find_wait(machine, step, lfirst(cell)) == NULL)
			return false;
	return true;
}

bool
respond_mailbox_has(const FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited)
{
	return find_wait(machine, step, awaited) != NULL;
}

Wait *
respond_mailbox_keyless(const FlowMachine *machine, const FlowStep *step, int alternative)
{
	FlowAwaited awaited = {.alternative = WAIT_KEYLESS(alternative),.key = ""};

	return find_wait(machine, step, &awaited);
}

static void
forget(Wait *wait, int64 event_id)
{
	int			kept = 0;

	for (int i = 0; i < wait->heard_count; i++)
	{
		if (wait->heard[i] == event_id)
			continue;
		wait->heard[kept] = wait->heard[i];
		if (wait->passed != NULL)
			wait->passed[kept] = wait->passed[i];
		wait->heard_at[kept++] = wait->heard_at[i];
	}
	wait->heard_count = kept;
}

/* An event that meets several alternatives of a step counts for the first of them. */
static void
leave_to_first(Wait *left, Wait *right)
{
	Wait	   *first = left->alternative < right->alternative ? left : right;
	Wait	   *other = first == left ? right : left;

	for (int i = 0; i < first->heard_count; i++)
		forget(other, first->heard[i]);
}

void
respond_mailbox_add(FlowMachine *machine, const FlowStep *step, Wait *wait)
{
	ListCell   *cell;

	foreach(cell, machine->mailbox)
		if (is_of_step(lfirst(cell), step))
			leave_to_first(lfirst(cell), wait);
	machine->mailbox = lappend(machine->mailbox, wait);
}

/* The last of them by the order in which they passed; 0 if some did not. */
static int64
last_passed(const List *heard, int count)
{
	int64		last = 0;

	for (int i = 0; i < count; i++)
	{
		const Heard *one = list_nth(heard, i);

		if (one->passed == 0)
			return 0;
		last = Max(last, one->passed);
	}
	return last;
}

/*
 * What was found is found again for the next key.  The waits without one go on hearing
 * behind what was used; where that did not pass them, they begin anew.
 */
static void
put_behind(FlowMachine *machine, const FlowStep *step, int64 passed)
{
	ListCell   *cell;

	foreach(cell, machine->mailbox)
	{
		Wait	   *wait = lfirst(cell);

		if (!is_of_step(wait, step))
			continue;
		if (wait->was_found || (wait->alternative < 0 && passed == 0))
			machine->mailbox = foreach_delete_current(machine->mailbox, cell);
		else if (wait->alternative < 0)
			wait->passed_from = Max(wait->passed_from, passed);
	}
}

/* An event that met several alternatives is used up for all of them. */
void
respond_mailbox_use(FlowMachine *machine, const FlowStep *step, const List *heard, int count)
{
	ListCell   *cell;

	for (int i = 0; i < count; i++)
		foreach(cell, machine->mailbox)
			if (is_of_step(lfirst(cell), step))
				forget(lfirst(cell), ((Heard *) list_nth(heard, i))->event_id);
	if (count > 0)
		put_behind(machine, step, last_passed(heard, count));
}

void
respond_mailbox_empty(FlowMachine *machine, const FlowStep *step)
{
	ListCell   *cell;

	foreach(cell, machine->mailbox)
		if (is_of_step(lfirst(cell), step))
			((Wait *) lfirst(cell))->heard_count = 0;
}

void
respond_mailbox_drop(FlowMachine *machine, const FlowStep *step)
{
	ListCell   *cell;

	foreach(cell, machine->mailbox)
		if (is_of_step(lfirst(cell), step))
			machine->mailbox = foreach_delete_current(machine->mailbox, cell);
}

static void
arm(FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited, bool early, TimestampTz due_at,
	int64 passed_from)
{
	const FlowRun *run = machine->run;
	const Wait *before = find_wait(machine, step, awaited);
	const char *label = respond_step_label(step);
	WaitPattern pattern = {run->rule, run->rule_version, label, awaited->alternative, awaited->event_type,
	awaited->pattern, awaited->event_key};
	Wait		wait = {.run_id = run->run_id,.run_started_at = machine->started_at,.rule = run->rule};

	wait.rule_version = run->rule_version;
	wait.step = label;
	wait.alternative = awaited->alternative;
	wait.pattern = respond_wait_pattern(&pattern);
	wait.key = awaited->key;
	wait.early = early;
	wait.since = before != NULL ? before->since : respond_clock_now();
	wait.due_at = due_at;
	if (before != NULL)
	{
		wait.heard_count = before->heard_count;
		wait.heard = before->heard;
		wait.heard_at = before->heard_at;
	}
	wait.passed_from = passed_from;
	respond_wait_arm(&wait);
}

void
respond_mailbox_arm(FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited, bool early,
					TimestampTz due_at)
{
	arm(machine, step, awaited, early, due_at, 0);
}

void
respond_mailbox_arm_keyless(FlowMachine *machine, const FlowStep *step, const FlowAwaited *awaited,
							int64 passed_from)
{
	arm(machine, step, awaited, true, DT_NOEND, passed_from);
}
