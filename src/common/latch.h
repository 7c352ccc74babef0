/*-------------------------------------------------------------------------
 * latch.h
 *	  Waking workers and the launcher, from any process.
 *
 * src/common/latch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LATCH_H
#define RESPOND_LATCH_H

/*
 * Sets the latch of a process of ours, by its place among the server's
 * processes; below 0: there is none.  It may have ended since, and the place
 * may be another's by now: a latch that is set for nothing does no harm.
 */
extern void respond_latch_set(int procno);

/*
 * Sets the latch of a worker if it sleeps; slot number + 1, 0: none.  The
 * caller has made visible what the worker shall see, and passed a memory
 * barrier since.
 */
extern void respond_latch_wake_slot(uint32 slot_reference);

/* Makes the launcher look at databases and extensions again, now. */
extern void respond_latch_wake_launcher(void);

#endif							/* RESPOND_LATCH_H */
