/*-------------------------------------------------------------------------
 * caller.h
 *	  Somebody who is connected, and where the connection stands.
 *
 * src/listener/caller.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_H
#define RESPOND_CALLER_H

#include "listener/bytes.h"
#include "listener/deadline.h"
#include "listener/exchange.h"
#include "listener/http_body.h"
#include "listener/loop.h"
#include "listener/net_stream.h"
#include "listener/out_queue.h"
#include "listener/peer.h"
#include "listener/route.h"

typedef enum CallerState
{
	CALLER_HANDSHAKE,			/* of TLS */
	CALLER_HEAD,				/* reads a head, or waits for one */
	CALLER_BODY,				/* reads a body */
	CALLER_ASKED,				/* a worker has the request, or it waits for one */
	CALLER_ANSWERED,			/* the answer, or the rest of a stream, is not wholly sent */
	CALLER_STREAM,				/* hears a stream */
	CALLER_LINGER,				/* we have said our last word, and hear what is still sent */
	CALLER_CLOSED
} CallerState;

typedef struct Caller
{
	LoopSource	source;			/* first: respond_loop_free() frees what begins with it */
	NetStream	stream;
	CallerState state;
	Deadline	deadline;
	Exchange	exchange;
	Peer		peer;
	bool		may_read;		/* the socket has had bytes since the last time it had none left */
	bool		may_write;		/* and the same of room */
	bool		will_end;		/* the system has told that an end follows the bytes that are there */
	bool		has_ended;		/* no more will come from there */
	bool		was_looked_at;	/* whether it speaks TLS is known */
	bool		is_turned_away;	/* there were too many others */

	/* of the request */
	HttpHeadScan scan;
	bool		is_head;		/* HEAD: the answer has no body */
	bool		is_last;		/* the connection ends behind its answer */
	int			minor;
	WebFlaw		flaw;
	Route		route;
	Bytes		head;			/* of one that is not whole, or waits */
	Bytes		body;
	HttpBody   *framing;		/* of one that is not whole */

	Bytes		input;			/* bytes that came and were not looked at */
	OutQueue	out;
	size_t		progress;		/* bytes written since the deadline was set */
	size_t		lingered;		/* bytes that came behind our last word */

	bool		is_ready;
	struct Caller *next_ready;
} Caller;

typedef struct CallerCounts
{
	uint64_t	connections;	/* but those that are turned away */
	uint64_t	turned_away;	/* that are told so just now */
	uint64_t	accepted;		/* so far */
	uint64_t	refused;		/* so far: connections, and requests that no worker saw */
} CallerCounts;

extern CallerCounts respond_caller_counts;

/* Memory for what an answer is made of, until the next answer is made. */
extern Arena *respond_caller_arena(void);

/* There is something to do that no event will tell of. */
extern void respond_caller_note_ready(Caller *caller);

/* Takes the first one off that list; NULL: it is empty. */
extern Caller *respond_caller_next_ready(void);

/* Forgets what the request before left. */
extern void respond_caller_forget_request(Caller *caller);

/* Closes the connection at once, whatever is under way. */
extern void respond_caller_close(Caller *caller);

/* The same; what was written and did not arrive is lost, and takes no more memory. */
extern void respond_caller_reset(Caller *caller);

#endif							/* RESPOND_CALLER_H */
