/*-------------------------------------------------------------------------
 * budget.h
 *	  Memory that callers make the program hold: bounded in total.
 *
 * src/listener/budget.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BUDGET_H
#define RESPOND_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* Of all callers together. */
#define BUDGET_ALL			((size_t) 256 * 1024 * 1024)

/* What is larger than this has to leave a part of the budget to smaller things. */
#define BUDGET_SMALL		16384

/* Takes bytes of it before they are allocated; false: there are not so many left. */
extern bool respond_budget_take(size_t bytes);
extern void respond_budget_give(size_t bytes);

extern size_t respond_budget_taken(void);

#endif							/* RESPOND_BUDGET_H */
