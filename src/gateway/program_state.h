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
#include "gateway/tls_files.h"

/* A program was started, and has said nothing. */
extern void respond_program_state_started(int pid);

/* It does not run any more, and so nothing is listened to; why: a sentence, or empty. */
extern void respond_program_state_gone(const char *why);

/* Takes over FRAME_STATE; files: what the program was given.  False: the frame is broken. */
extern bool respond_program_state_take(Frame *frame, const TlsFiles *files);

#endif							/* RESPOND_PROGRAM_STATE_H */
