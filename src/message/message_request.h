/*-------------------------------------------------------------------------
 * message_request.h
 *	  A request that a step makes itself, as a delivery.
 *
 * src/message/message_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_REQUEST_H
#define RESPOND_MESSAGE_REQUEST_H

#include "message/message.h"

/* What is asked. */
typedef struct RequestMessage
{
	const char *url;			/* with a channel: or what begins with a slash, at its host, or NULL, its own */
	const char *method;			/* NULL: GET, or POST when there is a body */
	Jsonb	   *headers;		/* NULL: none but those of the kind */
	Jsonb	   *body;			/* NULL: none */
} RequestMessage;

/*
 * Fills in the delivery but for its terms, in the current memory context; *method
 * becomes that of the request.  channel NULL: it goes through that of its host.
 * Raises ERRCODE_RESPOND_STEP_FAILED with the place when the request cannot be made.
 */
extern void respond_message_build_request(const Channel *channel, const RequestMessage *request,
										  const MessageOrigin *origin, const char *place,
										  NewDelivery *delivery, const char **method);

#endif							/* RESPOND_MESSAGE_REQUEST_H */
