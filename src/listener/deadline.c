/*-------------------------------------------------------------------------
 * deadline.c
 *	  Times that callers have, one for each of them.
 *
 * src/listener/deadline.c
 *-------------------------------------------------------------------------
 */
#include "listener/deadline.h"

#include <stddef.h>

#include "listener/ticks.h"

/* In milliseconds. */
static const int durations[DEADLINE_KINDS] = {
	[DEADLINE_HANDSHAKE] = 10000,
	[DEADLINE_HEAD] = 10000,
	[DEADLINE_BODY] = 30000,
	[DEADLINE_IDLE] = 30000,
	[DEADLINE_TURN] = 10000,
	[DEADLINE_ANSWER] = 300000,
	[DEADLINE_LEAVE] = 3000,
	[DEADLINE_WRITE] = 30000,
	[DEADLINE_LINGER] = 2000,
	[DEADLINE_HELLO] = 10000,
	[DEADLINE_PAUSE] = 1000,
};

typedef struct DeadlineList
{
	Deadline   *first;
	Deadline   *last;
} DeadlineList;

static DeadlineList lists[DEADLINE_KINDS];

void
respond_deadline_clear(Deadline *deadline)
{
	DeadlineList *list = &lists[deadline->kind];

	if (deadline->kind == DEADLINE_NONE)
		return;
	*(deadline->previous != NULL ? &deadline->previous->next : &list->first) = deadline->next;
	*(deadline->next != NULL ? &deadline->next->previous : &list->last) = deadline->previous;
	deadline->kind = DEADLINE_NONE;
}

void
respond_deadline_set(Deadline *deadline, DeadlineKind kind)
{
	DeadlineList *list = &lists[kind];

	respond_deadline_clear(deadline);
	deadline->kind = kind;
	deadline->due = respond_ticks_now() + durations[kind];
	deadline->previous = list->last;
	deadline->next = NULL;
	*(list->last != NULL ? &list->last->next : &list->first) = deadline;
	list->last = deadline;
}

Deadline *
respond_deadline_first(DeadlineKind kind)
{
	return lists[kind].first;
}

int
respond_deadline_wait(int longest)
{
	uint64_t	now = respond_ticks_now();

	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
	{
		const Deadline *first = lists[kind].first;

		if (first != NULL && first->due < now + longest)
			longest = first->due > now ? (int) (first->due - now) : 0;
	}
	return longest;
}

void
respond_deadline_pass(void)
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
	{
		Deadline   *first;

		while ((first = lists[kind].first) != NULL && first->due <= respond_ticks_now())
		{
			respond_deadline_clear(first);
			first->passed(first, kind);
		}
	}
}
