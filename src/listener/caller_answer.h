/*-------------------------------------------------------------------------
 * caller_answer.h
 *	  The answers that a caller gets: those of workers, and refusals of our own.
 *
 * src/listener/caller_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_ANSWER_H
#define RESPOND_CALLER_ANSWER_H

#include "listener/caller.h"

/* Answers the request under way.  is_last: the connection ends behind it. */
extern void respond_caller_answer(Caller *caller, const WebAnswer *answer, bool is_last);

/* A refusal that no worker gave: why is one sentence. */
extern void respond_caller_refuse(Caller *caller, int status, const char *why, bool is_last);

/* Ends a stream whose caller reads too slowly, behind the last event that is wholly sent. */
extern void respond_caller_cut_off(Caller *caller);

/* What comes from a worker for the exchange of a caller. */
extern void respond_caller_hear(Exchange *exchange, const WebAnswer *answer);
extern void respond_caller_hear_loss(Exchange *exchange);
extern void respond_caller_hear_stream(Exchange *exchange, const WebAnswer *answer);
extern void respond_caller_hear_data(Exchange *exchange, SharedBytes *chunk, size_t start, size_t end);
extern void respond_caller_hear_end(Exchange *exchange);

#endif							/* RESPOND_CALLER_ANSWER_H */
