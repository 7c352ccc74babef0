/*-------------------------------------------------------------------------
 * callback_take.h
 *	  Requests below /in/callback/: calls with which peers end steps.
 *
 * src/inbound/callback_take.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLBACK_TAKE_H
#define RESPOND_CALLBACK_TAKE_H

#include "companion/web_answer.h"

/* What comes of a call. */
typedef struct CallbackVerdict
{
	int			status;			/* of the answer; 200: it was taken */
	const char *said;			/* to the caller, NULL: what all are told who are refused */
} CallbackVerdict;

extern bool respond_callback_is_path(const char *path);

/*
 * Takes the call, if it is one, in the caller's transaction.  An answer of 200 or 410 may be
 * given only when what was committed before it is on disk.
 */
extern void respond_callback_take_call(Arena *arena, const WebRequest *request, CallbackVerdict *verdict);

extern WebAnswer *respond_callback_answer(Arena *arena, const CallbackVerdict *verdict);

#endif							/* RESPOND_CALLBACK_TAKE_H */
