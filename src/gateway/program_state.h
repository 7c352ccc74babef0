/*-------------------------------------------------------------------------
 * program_state.h
 *	  How the gateway's program is, in shared memory; written by the listener.
 *
 * src/gateway/program_state.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROGRAM_STATE_H
#define RESPOND_PROGRAM_STATE_H

#include "companion/frame.h"

/* A program was started, and has said nothing. */
extern void respond_program_state_started(int pid);

/* It does not run any more, and so nothing is listened to; why: a sentence, or empty. */
extern void respond_program_state_gone(const char *why);

/* Takes over FRAME_STATE; fault: of the files that it could not be given, or empty.  False: the frame is broken. */
extern bool respond_program_state_take(Frame *frame, const char *fault);

#endif							/* RESPOND_PROGRAM_STATE_H */
