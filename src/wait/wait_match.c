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

#include "utils/snapmgr.h"

#include "wait/wait_match.h"
#include "wait/wait_passed.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

/* Waits in one piece. */
#define PIECE	1000

/* Which of the waits are wanted. */
typedef struct Range
{
	Snapshot	snapshot;		/* NULL: what this transaction has armed so far, too */
	int64		after;
	int			limit;
	bool		passes;			/* the event is noted for those without a key */
	bool		noted;			/* out: that was done */
} Range;

struct WaitHits
{
	const Event *event;
	List	   *first;			/* the first piece */
	int64		last;			/* run behind which the next piece begins, PG_INT64_MAX: there is none */
	Snapshot	snapshot;		/* NULL: there is no second piece */
	bool		noted;
};

bool
respond_waits_listen(void)
{
	return respond_wait_set_count(respond_wait_patterns()) > 0;
}

/* Two patterns may have one id, by chance. */
static bool
is_of(const Wait *wait, const WaitPattern *pattern)
{
	return wait->alternative == pattern->alternative && wait->rule_version == pattern->rule_version &&
		strcmp(wait->step, pattern->step) == 0 && strcmp(wait->rule, pattern->rule) == 0;
}

/* Adds those of one pattern. */
static List *
add_found(List *hit, const KnownPattern *known, const Event *event, const Range *range, int64 *last)
{
	const WaitPattern *pattern = &known->pattern;
	char	   *key = respond_wait_key_read(known->key, event);
	List	   *found;
	ListCell   *cell;

	*last = PG_INT64_MAX;
	if (key == NULL)
		return hit;
	found = respond_waits_find(known->id, key, range->snapshot, range->after, range->limit, last);
	foreach(cell, found)
	{
		Wait	   *wait = lfirst(cell);

		if (wait->due_at >= event->recorded_at && is_of(wait, pattern))
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

static List *
hit(WaitPatternSet *set, const Event *event, Range *range, int64 *last)
{
	const int  *numbers;
	List	   *waits = NIL;
	int			count;

	*last = PG_INT64_MAX;
	/* nothing is known of data beyond the limit */
	if (respond_wait_set_count(set) == 0 || event->data == NULL)
		return NIL;
	count = respond_wait_set_match(set, event, &numbers);
	for (int i = 0; i < count; i++)
	{
		const KnownPattern *known = respond_wait_set_get(set, numbers[i]);
		int64		found_last;

		if (known->pattern.alternative < 0)
		{
			if (range->passes)
				range->noted |= respond_passed_note(known, event);
			continue;
		}
		waits = add_found(waits, known, event, range, &found_last);
		*last = Min(*last, found_last);
	}
	waits = only_up_to(waits, *last);
	list_sort(waits, compare_waits);
	return one_for_each_step(waits);
}

List *
respond_waits_hit_of(WaitPatternSet *set, const Event *event, int64 after, int limit, int64 *last)
{
	Range		range = {NULL, after, limit};

	return hit(set, event, &range, last);
}

List *
respond_waits_hit(const Event *event, int64 after, int limit, int64 *last)
{
	return respond_waits_hit_of(respond_wait_patterns(), event, after, limit, last);
}

/* The first piece is nearly always the last: nothing is kept for others then. */
WaitHits *
respond_waits_hits_open(const Event *event, bool passes)
{
	WaitHits   *hits = palloc(sizeof(WaitHits));
	Range		range = {NULL, PG_INT64_MIN, PIECE, passes};

	hits->event = event;
	hits->snapshot = NULL;
	hits->first = hit(respond_wait_patterns(), event, &range, &hits->last);
	hits->noted = range.noted;
	if (hits->last != PG_INT64_MAX)
	{
		respond_waits_flush();
		PushCopiedSnapshot(GetActiveSnapshot());
		UpdateActiveSnapshotCommandId();
		hits->snapshot = RegisterSnapshot(GetActiveSnapshot());
		PopActiveSnapshot();
	}
	return hits;
}

bool
respond_waits_hits_noted(const WaitHits *hits)
{
	return hits->noted;
}

List *
respond_waits_hits_next(WaitHits *hits)
{
	Range		range = {hits->snapshot, hits->last, PIECE};
	List	   *piece = hits->first;

	hits->first = NIL;
	while (piece == NIL && hits->last != PG_INT64_MAX)
	{
		range.after = hits->last;
		piece = hit(respond_wait_patterns(), hits->event, &range, &hits->last);
	}
	return piece;
}

void
respond_waits_hits_close(WaitHits *hits)
{
	if (hits->snapshot != NULL)
		UnregisterSnapshot(hits->snapshot);
	pfree(hits);
}

void
respond_waits_note_for(const List *waits, const Event *event, bool (*hears) (void *state, Wait *wait), void *state)
{
	WaitPatternSet *set = respond_wait_patterns();
	const int  *numbers;
	int			count = respond_wait_set_match(set, event, &numbers);

	for (int i = 0; i < count; i++)
	{
		const KnownPattern *known = respond_wait_set_get(set, numbers[i]);
		ListCell   *cell;

		if (known->pattern.alternative >= 0)
			continue;
		foreach(cell, waits)
		{
			Wait	   *wait = lfirst(cell);

			if (wait->pattern == known->id && is_of(wait, &known->pattern) && hears(state, wait))
				respond_passed_note_for(known, event, wait->run_id);
		}
	}
}
