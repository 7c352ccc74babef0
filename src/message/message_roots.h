/*-------------------------------------------------------------------------
 * message_roots.h
 *	  What templates of kinds, and of urls of channels, can name.
 *
 * src/message/message_roots.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_ROOTS_H
#define RESPOND_MESSAGE_ROOTS_H

#include "event/event_roots.h"
#include "message/message.h"

/* What templates of kinds and urls can name beside the fields of the event, which come first. */
enum
{
	MESSAGE_ROOT_EVENT = EVENT_ROOTS, MESSAGE_ROOT_CE, MESSAGE_ROOT_TEXT, MESSAGE_ROOT_BODY, MESSAGE_ROOT_TITLE,
	MESSAGE_ROOT_TO, MESSAGE_ROOT_CHANNEL, MESSAGE_ROOT_OPTIONS, MESSAGE_ROOT_SECRET, MESSAGE_ROOT_RULE,
	MESSAGE_ROOT_RUN_ID, MESSAGE_ROOT_TICKET_ID, MESSAGE_ROOT_COUNT
};

/* Attributes of CloudEvents, under "ce". */
enum
{
	MESSAGE_CE_ID, MESSAGE_CE_SOURCE, MESSAGE_CE_TYPE, MESSAGE_CE_SUBJECT, MESSAGE_CE_TIME, MESSAGE_CE_COUNT
};

typedef struct MessageRoots
{
	TemplateRoot values[MESSAGE_ROOT_COUNT];
	TemplateRoots all;
	TemplateRoot event_values[EVENT_ROOTS];
	TemplateRoots event;
	TemplateRoot ce_values[MESSAGE_CE_COUNT];
	TemplateRoots ce;
} MessageRoots;

/* What they point to must live as long as they are used. */
extern void respond_message_roots_fill(MessageRoots *roots, const Channel *channel, const Message *message,
									   const MessageOrigin *origin, Jsonb *options, const NewDelivery *delivery);

#endif							/* RESPOND_MESSAGE_ROOTS_H */
