/*-------------------------------------------------------------------------
 * delivery_update.h
 *	  Statements that change deliveries, whatever partitions there are.
 *
 * src/outbox/delivery_update.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DELIVERY_UPDATE_H
#define RESPOND_DELIVERY_UPDATE_H

#include "common/kept_plan.h"

/* One of the functions of kept_plan.h. */
typedef uint64 (*RunPlan) (KeptPlan *kept, Datum *values, const char *nulls);

/*
 * Runs it with this function, and leaves foreign tables that somebody attached as
 * partitions out; how many rows were changed.  It has "UPDATE respond.delivery AS d"
 * once.
 */
extern uint64 respond_delivery_update(KeptPlan *kept, RunPlan run, Datum *values, const char *nulls);

#endif							/* RESPOND_DELIVERY_UPDATE_H */
