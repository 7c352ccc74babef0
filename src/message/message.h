/*-------------------------------------------------------------------------
 * message.h
 *	  From what a step says to a delivery: the kind's templates filled in.
 *
 * src/message/message.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_H
#define RESPOND_MESSAGE_H

#include "channel/channel.h"
#include "event/event.h"
#include "outbox/outbox.h"

/* Behind the mark of the secret in a url: how it is in the template, and when that quotes it. */
#define SECRET_MARK_END			"!"
#define SECRET_MARK_END_QUOTED	"%21"

/* What is to be said; texts are NULL when not given, and escaped for the channel's kind already. */
typedef struct Message
{
	const char *text;
	Jsonb	   *body;			/* in place of the kind's body */
	const char *title;			/* the subject of a mail */
	const char *html;			/* of a mail */
	const char *to;				/* lists of addresses with commas between them; NULL: those of the channel */
	const char *cc;
	const char *bcc;
	const char *reply_to;
	Jsonb	   *options;		/* more specific than those of the channel; NULL: none */
} Message;

/* On whose behalf; numbers are 0 and texts NULL when there is none. */
typedef struct MessageOrigin
{
	const Event *event;			/* with the data that may leave the database */
	const char *rule;
	int64		run_id;
	int64		ticket_id;
	int32		depth;
} MessageOrigin;

/*
 * Fills in the delivery, with an id and a key, in the current memory context.
 * place ("steps[2]") begins messages.  Raises ERRCODE_RESPOND_STEP_FAILED when
 * the message cannot be sent through the channel.
 */
extern void respond_message_build(const Channel *channel, const Message *message, const MessageOrigin *origin,
								  const char *place, NewDelivery *delivery);

/* Options that a step gives: raises an error when the kind has no such. */
extern void respond_message_check_options(const Channel *channel, Jsonb *options, const char *place);

#endif							/* RESPOND_MESSAGE_H */
