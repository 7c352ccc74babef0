/*-------------------------------------------------------------------------
 * courier_record.h
 *	  Outcomes of many requests, recorded in one transaction.
 *
 * src/courier/courier_record.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_RECORD_H
#define RESPOND_COURIER_RECORD_H

#include "courier/outcome.h"

/* No outcome waits longer for its next turn to be recorded. */
#define COURIER_LONGEST_PAUSE_US	(60 * USECS_PER_SEC)

/*
 * Records outcomes in one transaction; each is then forgotten or queued again,
 * and its place in the array is NULL, also when an error is raised later.  Those
 * whose row somebody else has locked stay.  With one_by_one, and when it has
 * failed before, each has a transaction of its own, and an error of one stays its
 * own: it is logged, and the outcome stays in the array.
 */
extern void respond_courier_record(Outcome **outcomes, int count, bool one_by_one);

#endif							/* RESPOND_COURIER_RECORD_H */
