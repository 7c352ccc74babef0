/*-------------------------------------------------------------------------
 * mail_request.h
 *	  The mail of a delivery, ready to be sent.
 *
 * src/courier/mail_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_REQUEST_H
#define RESPOND_MAIL_REQUEST_H

#include "courier/outgoing.h"

/*
 * Fills in the transfer; headers: {"From", "To", "Cc", "Reply-To", "Subject"}.
 * Raises an error that says what is wrong when it cannot be sent.
 */
extern void respond_mail_request_fill(Outgoing *outgoing, const RequestRow *row);

#endif							/* RESPOND_MAIL_REQUEST_H */
