/*-------------------------------------------------------------------------
 * judge.h
 *	  What comes of a request: a refusal, the answer to a challenge, or events.
 *
 * No SQL runs here, and nothing is recorded.
 *
 * src/inbound/judge.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_JUDGE_H
#define RESPOND_INBOUND_JUDGE_H

#include "event/event_write.h"
#include "inbound/reason.h"
#include "inbound/source.h"

/* More items than this in one request are refused. */
#define INBOUND_MOST_EVENTS		10000

/* Bytes that the events of a list may have in all: so many, and so many more for each byte of the body. */
#define INBOUND_MOST_MADE		((size_t) 16 * 1024 * 1024)
#define INBOUND_MADE_OF_BYTE	8

typedef struct InboundVerdict
{
	InboundReason reason;
	const char *detail;			/* of a refusal, for who runs the database; NULL: the reason says it all */
	const char *said;			/* the same for the sender, who has proved who it is; NULL: nothing */
	bool		is_challenge;
	ChallengeAnswer challenge;
	bool		is_form;		/* of programs that show the answer to people, or read it as a program */
	const char *dedup_key;		/* for the answer of PagerDuty's Events API; else NULL */
	size_t		made;			/* bytes of what was made for its events, also if it was refused then */
	int			event_count;
	NewEvent   *events;
} InboundVerdict;

/* What can be said before anything of the request is read: its method and how large it is. */
extern void respond_inbound_judge_head(const InboundSource *source, const WebRequest *request,
									   InboundVerdict *verdict);

/*
 * All the rest.  public_url as in scheme_read.h; now: milliseconds since 1970.  The
 * verdict is in the arena and in the current memory context.
 */
extern void respond_inbound_judge(Arena *arena, const InboundSource *source, const WebRequest *request,
								  const char *public_url, int64 now, InboundVerdict *verdict);

#endif							/* RESPOND_INBOUND_JUDGE_H */
