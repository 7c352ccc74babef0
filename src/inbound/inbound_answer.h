/*-------------------------------------------------------------------------
 * inbound_answer.h
 *	  What senders are answered.
 *
 * A refusal says the same to everybody: nobody learns from it how far they came.  Who
 * has proved who they are is told what is wrong with their events.
 *
 * src/inbound/inbound_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_ANSWER_H
#define RESPOND_INBOUND_ANSWER_H

#include "companion/web_answer.h"
#include "inbound/judge.h"

/* All in the arena. */

/* Nothing can be recorded now: 503. */
extern WebAnswer *respond_inbound_answer_busy(Arena *arena);

/* wait: seconds, of a refusal because of the rate. */
extern WebAnswer *respond_inbound_answer_refused(Arena *arena, const InboundSource *source,
												 const InboundVerdict *verdict, int64 wait);

/* known: how many of its events were known already. */
extern WebAnswer *respond_inbound_answer_taken(Arena *arena, const InboundSource *source,
											   const InboundVerdict *verdict, int known);

#endif							/* RESPOND_INBOUND_ANSWER_H */
