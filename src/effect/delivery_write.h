/*-------------------------------------------------------------------------
 * delivery_write.h
 *	  Deliveries in the buffer of effects.
 *
 * src/effect/delivery_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DELIVERY_WRITE_H
#define RESPOND_DELIVERY_WRITE_H

#include "effect/run.h"
#include "outbox/outbox.h"

/* Returns the delivery's id. */
extern int64 respond_effects_delivery(const FlowRun *run, const NewDelivery *delivery);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_deliveries_flush(void);
extern void respond_deliveries_forget(void);

#endif							/* RESPOND_DELIVERY_WRITE_H */
