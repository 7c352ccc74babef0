/*-------------------------------------------------------------------------
 * rest_answer.h
 *	  Answers requests of the REST interface.
 *
 * src/rest/rest_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_ANSWER_H
#define RESPOND_REST_ANSWER_H

#include "companion/web_answer.h"
#include "companion/web_request.h"

/*
 * The answer to one request below /v1, never NULL.  Raises nothing; runs transactions of its own, as
 * the role of the token that the request brings, and what it did is durable when
 * it returns.  To be called in a worker, outside of a transaction, in a memory
 * context that the caller resets, with an arena in it.
 */
extern WebAnswer *respond_rest_answer(Arena *arena, const WebRequest *request);

#endif							/* RESPOND_REST_ANSWER_H */
