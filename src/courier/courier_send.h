/*-------------------------------------------------------------------------
 * courier_send.h
 *	  Which deliveries are sent now.
 *
 * src/courier/courier_send.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_SEND_H
#define RESPOND_COURIER_SEND_H

#include "courier/outgoing.h"

/* Starts what is due and may be sent; true when there may be more. */
extern bool respond_courier_send_due(TimestampTz now);

/* When respond_courier_send_due() has something to do again; DT_NOEND: not before somebody says so. */
extern TimestampTz respond_courier_send_next_due(void);

/* A request that ended, NULL when there is none more. */
extern Outgoing *respond_courier_send_take_done(void);

#endif							/* RESPOND_COURIER_SEND_H */
