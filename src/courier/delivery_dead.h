/*-------------------------------------------------------------------------
 * delivery_dead.h
 *	  A delivery that was given up is an event and on record.
 *
 * src/courier/delivery_dead.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DELIVERY_DEAD_H
#define RESPOND_DELIVERY_DEAD_H

#include "courier/outgoing.h"

/* What the event says; id and key are those of the delivery that is dead. */
extern Jsonb *respond_delivery_dead_description(const Outgoing *outgoing, int64 id, const char *key, int attempts,
									   long status, const char *error);

/* Records the event delivery.dead, caused by the delivery's event, and an audit row. */
extern void respond_delivery_dead_tell(const Outgoing *outgoing, int64 id, Jsonb *description);

#endif							/* RESPOND_DELIVERY_DEAD_H */
