/*-------------------------------------------------------------------------
 * delivery_columns.h
 *	  Columns of respond.delivery, as our code numbers them.
 *
 * src/outbox/delivery_columns.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DELIVERY_COLUMNS_H
#define RESPOND_DELIVERY_COLUMNS_H

#include "common/shape.h"

enum
{
	DELIVERY_ID, DELIVERY_KEY, DELIVERY_CHANNEL, DELIVERY_RULE, DELIVERY_RUN_ID, DELIVERY_EVENT_ID,
	DELIVERY_TICKET_ID, DELIVERY_SUBJECT, DELIVERY_STATUS, DELIVERY_ATTEMPTS, DELIVERY_NEXT_ATTEMPT_AT,
	DELIVERY_LAST_STATUS, DELIVERY_LAST_ERROR, DELIVERY_CREATED_AT, DELIVERY_FINISHED_AT,
	DELIVERY_ATTEMPTS_BEFORE, DELIVERY_DUE_SINCE, DELIVERY_DEPTH, DELIVERY_URL,
	DELIVERY_HEADERS, DELIVERY_RECIPIENTS, DELIVERY_BODY, DELIVERY_HTML, DELIVERY_SECRET_MARK, DELIVERY_INCARNATION,
	DELIVERY_CHANNEL_ID, DELIVERY_DEFINITION,
	DELIVERY_COLUMNS
};

extern const Shape respond_shape_delivery;

#endif							/* RESPOND_DELIVERY_COLUMNS_H */
