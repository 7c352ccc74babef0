/*-------------------------------------------------------------------------
 * answer_note.h
 *	  Giving the answer to a request to the run that waits for it.
 *
 * src/courier/answer_note.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_NOTE_H
#define RESPOND_ANSWER_NOTE_H

#include "courier/outcome.h"

/*
 * In the transaction that records the end of the request.  only_status: without
 * what the receiver sent, which cannot be stored.
 */
extern void respond_answer_note_write(const Outcome *outcome, bool only_status);

#endif							/* RESPOND_ANSWER_NOTE_H */
