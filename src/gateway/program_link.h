/*-------------------------------------------------------------------------
 * program_link.h
 *	  A gateway's connection to the program that brings its requests.
 *
 * src/gateway/program_link.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROGRAM_LINK_H
#define RESPOND_PROGRAM_LINK_H

#include "datatype/timestamp.h"

#include "companion/frame_socket.h"
#include "companion/frame_wait.h"

typedef enum LinkState
{
	LINK_NONE,					/* the program, or the listener, is not there */
	LINK_GREETED,				/* the program was told who this is, and has not answered */
	LINK_OPEN
} LinkState;

typedef struct ProgramLink
{
	LinkState	state;
	FrameSocket socket;
	FrameWait	wait;
	int			lane;
	const char *database;
	char	   *hosts;			/* pg_respond.gateway_database as it was told; palloc'd */
	TimestampTz try_after;		/* to connect again */
	int			failures;		/* tries in a row */
	bool		is_new;			/* it was opened, and nobody asked respond_program_link_is_new() since */
} ProgramLink;

/* Fills it; database: lives as long as the process. */
extern void respond_program_link_initialize(ProgramLink *link, const char *database, int lane);

/* Connects when there is no connection and it is time to try; after a change of hosts, anew. */
extern void respond_program_link_keep(ProgramLink *link);

/* Whether the program has welcomed this worker since the last call, and so knows nothing of it yet. */
extern bool respond_program_link_is_new(ProgramLink *link);

/* Reads what has come; false: the connection has ended. */
extern bool respond_program_link_receive(ProgramLink *link);

/*
 * The next frame for the worker; false: there is none.  Those that open the
 * connection are not given.  What is no frame ends it, and is told the listener.
 */
extern bool respond_program_link_next(ProgramLink *link, Frame *frame);

/* A frame was not as it must be: as above. */
extern void respond_program_link_accuse(ProgramLink *link);

/* Sends what can be sent at once; false: the connection has ended. */
extern bool respond_program_link_send(ProgramLink *link);

/* Sleeps until there is something to do; as respond_frame_wait(). */
extern void respond_program_link_wait(ProgramLink *link, bool receive, long milliseconds);

#endif							/* RESPOND_PROGRAM_LINK_H */
