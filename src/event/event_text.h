/*-------------------------------------------------------------------------
 * event_text.h
 *	  An event as text for the outside.
 *
 * src/event/event_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_TEXT_H
#define RESPOND_EVENT_TEXT_H

#include "event/event.h"
#include "template/template_jsonb.h"

/* A payload of NOTIFY must be shorter than the server's limit, which async.c keeps to itself. */
#define RESPOND_NOTIFY_LIMIT	(BLCKSZ - NAMEDATALEN - 128 - 1)

/* Appends the event in the JSON format of CloudEvents, as view cloud_event shows it; data that is not there is null. */
extern void respond_event_cloud_event(TemplateOutput *output, const Event *event);

/* What is sent in place of a payload that NOTIFY does not take; always fits. */
extern char *respond_event_short_payload(const Event *event);

#endif							/* RESPOND_EVENT_TEXT_H */
