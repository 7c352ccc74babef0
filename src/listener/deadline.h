/*-------------------------------------------------------------------------
 * deadline.h
 *	  Times that callers have, one for each of them.
 *
 * Each kind lasts equally long for all, so its deadlines fall due in the order in
 * which they were set: a list for each kind, and nothing to sort.
 *
 * src/listener/deadline.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DEADLINE_H
#define RESPOND_DEADLINE_H

#include <stdint.h>

typedef enum DeadlineKind
{
	DEADLINE_NONE,
	DEADLINE_HANDSHAKE,			/* of TLS */
	DEADLINE_HEAD,
	DEADLINE_BODY,
	DEADLINE_IDLE,				/* between two requests */
	DEADLINE_TURN,				/* until a worker is free for a request */
	DEADLINE_ANSWER,			/* until the worker answers */
	DEADLINE_LEAVE,				/* the same, for a caller that has closed its side */
	DEADLINE_WRITE,				/* until the caller takes more of what is written */
	DEADLINE_LINGER,			/* until the caller closes what we have closed */
	DEADLINE_HELLO,				/* until a worker says who it is */
	DEADLINE_PAUSE				/* until connections are accepted again */
} DeadlineKind;

#define DEADLINE_KINDS		(DEADLINE_PAUSE + 1)

/* All zero: none is set. */
typedef struct Deadline
{
	struct Deadline *previous;
	struct Deadline *next;
	uint64_t	due;
	DeadlineKind kind;
	void		(*passed) (struct Deadline *deadline, DeadlineKind kind);	/* it was taken off before */
} Deadline;

/* In place of the one that was set before. */
extern void respond_deadline_set(Deadline *deadline, DeadlineKind kind);
extern void respond_deadline_clear(Deadline *deadline);

/* The one of this kind that was set first, or NULL. */
extern Deadline *respond_deadline_first(DeadlineKind kind);

/* Milliseconds until one passes, or longest if that is less. */
extern int	respond_deadline_wait(int longest);

/* Calls those that have passed. */
extern void respond_deadline_pass(void);

#endif							/* RESPOND_DEADLINE_H */
