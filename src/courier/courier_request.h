/*-------------------------------------------------------------------------
 * courier_request.h
 *	  The request of a delivery: what of it is known only when it is sent.
 *
 * src/courier/courier_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_REQUEST_H
#define RESPOND_COURIER_REQUEST_H

#include "courier/outgoing.h"

/*
 * Fills in the transfer from the row's values, all in the request's memory
 * context.  Raises an error, or sets failure, when it cannot be sent.
 */
extern void respond_courier_request_fill(Outgoing *outgoing, const RequestRow *row);

#endif							/* RESPOND_COURIER_REQUEST_H */
