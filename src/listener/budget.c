/*-------------------------------------------------------------------------
 * budget.c
 *	  Memory that callers make the program hold: bounded in total.
 *
 * src/listener/budget.c
 *-------------------------------------------------------------------------
 */
#include "listener/budget.h"

/* Kept for what is small, so that a few who send large bodies slowly do not shut out all others. */
#define BUDGET_KEPT		(BUDGET_ALL / 4)

static size_t taken;

bool
respond_budget_take(size_t bytes)
{
	size_t		most = bytes > BUDGET_SMALL ? BUDGET_ALL - BUDGET_KEPT : BUDGET_ALL;

	if (bytes > most || taken > most - bytes)
		return false;
	taken += bytes;
	return true;
}

void
respond_budget_give(size_t bytes)
{
	taken -= bytes;
}

size_t
respond_budget_taken(void)
{
	return taken;
}
