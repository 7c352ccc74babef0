/*-------------------------------------------------------------------------
 * death_word.h
 *	  Whether a worker that is gone ended by its own doing.
 *
 * Who quarantines what kills workers (events, deliveries) writes a marker
 * before it touches the thing: the thing's number and the life of the process
 * that touches it.  A marker that is still there later says that this life
 * ended over it.  Only if nobody else put an end to that life does it count.
 *
 * src/worker/death_word.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DEATH_WORD_H
#define RESPOND_DEATH_WORD_H

#include "common/shmem.h"

/* Sets the handlers of SIGTERM, SIGQUIT and SIGABRT; before signals are unblocked. */
extern void respond_death_word_listen(void);

/* Gives this process, which claimed the slot, the number of its life; under the lock. */
extern void respond_death_word_begin(WorkerSlot *slot);

/*
 * The number of this life, never 0 and never given twice, to be written into
 * markers.  From the first call on its end is kept in mind.
 */
extern int64 respond_death_word_life(void);

typedef enum DeathVerdict
{
	DEATH_BY_OTHERS,			/* the postmaster ended it, because another process crashed or the server was
								 * stopped, or who sent SIGTERM from another process */
	DEATH_UNKNOWN,				/* the whole server vanished: power, kill -9, the memory of a container */
	DEATH_OF_ITS_OWN			/* as far as can be known; also SIGKILL */
} DeathVerdict;

/* How the life with this number, which is over, ended. */
extern DeathVerdict respond_death_word_judge(int64 life);

/*
 * The life that touched a thing is over, and the thing is touched once more: how
 * many tries count, the new one included.  *tries and *vanished, ends of the
 * whole server, are those of the thing's marker.
 */
extern void respond_death_word_count(int64 life, int *tries, int *vanished);

/* Whether this process was sent SIGTERM. */
extern bool respond_death_word_terminated(void);

/* In leave_slot(), under the lock: keeps the word of a process that ends in good order. */
extern void respond_death_word_end(WorkerSlot *slot);

/* When the library is loaded, behind respond_shmem_request(): words outlive shared memory. */
extern void respond_death_word_initialize(void);

#endif							/* RESPOND_DEATH_WORD_H */
