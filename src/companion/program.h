/*-------------------------------------------------------------------------
 * program.h
 *	  A program beside the server that a background worker keeps running.
 *
 * The program is a child of the worker, without the server's memory, files and
 * environment.  It speaks frames over a socket pair, "control", its descriptor 3.
 * It ends with the worker, however that ends; a worker learns of its end at the
 * next turn and says why in the log.  Nothing here waits, but for
 * respond_program_stop().
 *
 * src/companion/program.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROGRAM_H
#define RESPOND_PROGRAM_H

#include "datatype/timestamp.h"

#include "companion/frame_socket.h"

/* What the program writes to its descriptor 2, for the log if it ends; more is lost. */
#define PROGRAM_LAST_WORDS	1000

typedef struct Program
{
	/* given by who keeps it, and the same as long as it is kept */
	const char *name;			/* of the file in the server's library folder */
	int			extra_fd;		/* becomes descriptor 4; below 0: none */

	int			pid;			/* 0: it does not run */
	FrameSocket control;		/* open while it runs and was not given up */
	int			words_fd;		/* below 0: none */
	TimestampTz started_at;
	TimestampTz start_after;	/* not before that time */
	int			failures;		/* ends in a row that came soon after the start */
	TimestampTz closed_at;		/* when it was seen to have closed control, 0: it did not */
	const char *fault;			/* why it was given up, as one sentence; NULL: it was not */
	char		end[256];		/* how it last ended, as a sentence; empty: it never did */
} Program;

/* Fills it; nothing is started.  Once in a process. */
extern void respond_program_initialize(Program *program, const char *name, int extra_fd);

/*
 * Buries the program if it has ended, and starts it if it does not run and is
 * not to wait.  True: it was started, and nothing was said to it.
 */
extern bool respond_program_keep(Program *program);

/* It did something that it may not do: it is killed, and started anew.  why: a sentence, for the log; not copied. */
extern void respond_program_give_up(Program *program, const char *why);

/* Control was closed by the program, which ends or soon will be ended. */
extern void respond_program_closed(Program *program);

/* Milliseconds until respond_program_keep() has something to do that no signal tells of; -1: nothing. */
extern long respond_program_next_due(const Program *program);

/* Ends it, which the end of control tells it; when it does not, by force.  Called too when the worker ends. */
extern void respond_program_stop(Program *program);

#endif							/* RESPOND_PROGRAM_H */
