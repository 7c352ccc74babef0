/*-------------------------------------------------------------------------
 * stream_resume.h
 *	  Whether somebody who comes back with a place has missed nothing.
 *
 * src/stream/stream_resume.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_RESUME_H
#define RESPOND_STREAM_RESUME_H

#include "stream/stream_place.h"

/* With an active snapshot: why a stream cannot go on there, as a word for programs; NULL: it can. */
extern const char *respond_stream_resume_fault(Arena *arena, const StreamPlace *place);

/* Whether all is there that was recorded since then. */
extern bool respond_stream_resume_is_kept(int64 since);

/* What cannot be read. */
extern const char respond_stream_fault_place[];
extern const char respond_stream_fault_retention[];

/* The same in a sentence. */
extern const char *respond_stream_resume_words(const char *fault);

/* What is open now, or begins later, records nothing that was recorded before; seconds since 1970. */
extern int64 respond_stream_resume_since(void);

/* Where the WAL ends now; it can be flushed up to there. */
extern uint64 respond_stream_resume_wal(void);

/* Whose places are made here. */
extern void respond_stream_resume_mark(StreamPlace *place);

#endif							/* RESPOND_STREAM_RESUME_H */
