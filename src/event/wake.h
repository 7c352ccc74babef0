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

/* Counts the commits in this database that recorded events or asked for something to be done again. */
extern uint64 respond_wake_count(void);

/*
 * Calls the function after each COMMIT PREPARED, in any database: what a
 * prepared transaction told of its work was forgotten.  At load, by who has
 * something to look at.
 */
extern void respond_wake_after_commit_prepared(void (*look) (void));

#endif							/* RESPOND_WAKE_H */
