/*-------------------------------------------------------------------------
 * wait_match.c
 *	  The waits that an event meets.
 *
 * One pass of a matcher for all wait steps in use; then, for each of the few whose
 * pattern the event meets, one look into an index.  Neither depends on how many
 * runs wait.
 *
 * src/wait/wait_match.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "wait/wait_match.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

bool
respond_waits_listen(void)
{
	return respond_wait_set_count(respond_wait_patterns()) > 0;
}

/* Adds those of one pattern; two patterns may have one id, by chance. */
static List *
add_found(List *hit, const KnownPattern *known, const Event *event, int64 after, int limit, int64 *last)
{
	const WaitPattern *pattern = &known->pattern;
	char	   *key = respond_wait_key_read(known->key, event);
	List	   *found;
	ListCell   *cell;

	*last = PG_INT64_MAX;
	if (key == NULL)
		return hit;
	found = respond_waits_find(known->id, key, after, limit, last);
	foreach(cell, found)
	{
		Wait	   *wait = lfirst(cell);

		if (wait->due_at >= event->recorded_at && wait->alternative == pattern->alternative &&
			wait->rule_version == pattern->rule_version && strcmp(wait->step, pattern->step) == 0 &&
			strcmp(wait->rule, pattern->rule) == 0)
			hit = lappend(hit, wait);
	}
	return hit;
}

static int
compare_waits(const ListCell *a, const ListCell *b)
{
	const Wait *left = lfirst(a);
	const Wait *right = lfirst(b);
	int			order;

	if (left->run_id != right->run_id)
		return left->run_id < right->run_id ? -1 : 1;
	if (left->early != right->early)
		return left->early ? -1 : 1;
	order = strcmp(left->step, right->step);
	return order != 0 ? order : left->alternative - right->alternative;
}

/* Of a step that waits for several events the first one counts, or it would hear one event twice. */
static List *
one_for_each_step(List *waits)
{
	List	   *kept = NIL;
	const Wait *before = NULL;
	ListCell   *cell;

	foreach(cell, waits)
	{
		Wait	   *wait = lfirst(cell);

		if (before == NULL || before->run_id != wait->run_id || strcmp(before->step, wait->step) != 0)
			kept = lappend(kept, wait);
		before = wait;
	}
	list_free(waits);
	return kept;
}

static List *
only_up_to(List *waits, int64 last)
{
	List	   *kept = NIL;
	ListCell   *cell;

	if (last == PG_INT64_MAX)
		return waits;
	foreach(cell, waits)
	{
		if (((Wait *) lfirst(cell))->run_id <= last)
			kept = lappend(kept, lfirst(cell));
	}
	list_free(waits);
	return kept;
}

List *
respond_waits_hit_of(WaitPatternSet *set, const Event *event, int64 after, int limit, int64 *last)
{
	const int  *numbers;
	List	   *hit = NIL;
	int			count;

	*last = PG_INT64_MAX;
	/* nothing is known of data beyond the limit */
	if (respond_wait_set_count(set) == 0 || event->data == NULL)
		return NIL;
	count = respond_wait_set_match(set, event, &numbers);
	for (int i = 0; i < count; i++)
	{
		int64		found_last;

		hit = add_found(hit, respond_wait_set_get(set, numbers[i]), event, after, limit, &found_last);
		*last = Min(*last, found_last);
	}
	hit = only_up_to(hit, *last);
	list_sort(hit, compare_waits);
	return one_for_each_step(hit);
}

List *
respond_waits_hit_after(const Event *event, int64 after, int limit, int64 *last)
{
	return respond_waits_hit_of(respond_wait_patterns(), event, after, limit, last);
}

List *
respond_waits_hit(const Event *event)
{
	int64		last;

	return respond_waits_hit_after(event, PG_INT64_MIN, INT_MAX, &last);
}
