/*-------------------------------------------------------------------------
 * message_delivery.h
 *	  What all deliveries have, whatever is in them.
 *
 * src/message/message_delivery.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_DELIVERY_H
#define RESPOND_MESSAGE_DELIVERY_H

#include "message/message.h"

/* A new delivery: its key, its channel, on whose behalf, and what stands in the place of the secret. */
extern void respond_message_begin(const Channel *channel, const MessageOrigin *origin, NewDelivery *delivery);

/* palloc'd */
extern char *respond_message_key_text(const pg_uuid_t *key);

#endif							/* RESPOND_MESSAGE_DELIVERY_H */
