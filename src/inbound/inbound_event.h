/*-------------------------------------------------------------------------
 * inbound_event.h
 *	  The events that a request becomes.
 *
 * src/inbound/inbound_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_EVENT_H
#define RESPOND_INBOUND_EVENT_H

#include "inbound/judge.h"
#include "inbound/request_body.h"

/*
 * Fills in the events of a verdict, or why there are none, in the current memory
 * context.  May raise what a template raises.
 */
extern void respond_inbound_events(Arena *arena, const InboundSource *source, const WebRequest *request,
								   const RequestBody *body, InboundVerdict *verdict);

#endif							/* RESPOND_INBOUND_EVENT_H */
