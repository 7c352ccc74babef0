/*-------------------------------------------------------------------------
 * gateway_answer.h
 *	  Answers to the requests of one turn, each by its room.
 *
 * src/gateway/gateway_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_ANSWER_H
#define RESPOND_GATEWAY_ANSWER_H

#include "companion/web_answer.h"
#include "companion/web_request.h"

/*
 * Answers all of them, in any order, into the buffer.  Whatever a room raises
 * becomes an answer.  Called outside a transaction; all memory is the arena's
 * or the current context's.
 */
extern void respond_gateway_answer(Arena *arena, const WebRequest **requests, int count, FrameBuffer *out);

#endif							/* RESPOND_GATEWAY_ANSWER_H */
