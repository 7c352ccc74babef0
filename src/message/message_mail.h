/*-------------------------------------------------------------------------
 * message_mail.h
 *	  The part of a message's making that is about mail.
 *
 * src/message/message_mail.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_MAIL_H
#define RESPOND_MESSAGE_MAIL_H

#include "message/message.h"

/* Headers, recipients and texts of a mail; raises ERRCODE_RESPOND_STEP_FAILED with the place. */
extern void respond_message_build_mail(const Channel *channel, const Message *message, const MessageOrigin *origin,
									   Jsonb *options, const char *place, NewDelivery *delivery);

#endif							/* RESPOND_MESSAGE_MAIL_H */
