/*-------------------------------------------------------------------------
 * answer_note.h
 *	  Giving the answers to requests to the runs that wait for them.
 *
 * src/courier/answer_note.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_NOTE_H
#define RESPOND_ANSWER_NOTE_H

#include "courier/outcome_rows.h"

/* Of those that have ended and that a run waits for; in the transaction that records them. */
extern void respond_answer_notes_write(Outcome **outcomes, const RecordState *states, int count);

#endif							/* RESPOND_ANSWER_NOTE_H */
