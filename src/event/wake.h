/*-------------------------------------------------------------------------
 * wake.h
 *	  Waking the dispatchers of a database after a commit.
 *
 * src/event/wake.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAKE_H
#define RESPOND_WAKE_H

/* Installs the callbacks of commit and the hook for COMMIT PREPARED; at load. */
extern void respond_wake_initialize(void);

/* The commit of the current transaction shall wake this database's dispatchers. */
extern void respond_wake_at_commit(void);

/* Wakes the sleeping dispatchers of a database now.  Takes no lock. */
extern void respond_wake_dispatchers(Oid database);

/*
 * Sets the latch of a worker if it sleeps; slot number + 1, 0: none.  The
 * caller has made visible what the worker shall see, and passed a memory
 * barrier since.
 */
extern void respond_wake_slot(uint32 slot_reference);

#endif							/* RESPOND_WAKE_H */
