/*-------------------------------------------------------------------------
 * run_name.h
 *	  Keys that start() gave to runs that are under way.
 *
 * src/effect/run_name.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_NAME_H
#define RESPOND_RUN_NAME_H

/* The key that the run is to have, palloc'd; NULL: none. */
extern char *respond_run_name_of(int64 run_id);

/* The run has ended: another may have its key. */
extern void respond_run_name_free(const char *rule, const char *key, int64 run_id);

/*
 * Gives the key to this run; 0. When another run has it, which may have ended, the result
 * is that run, and the name is locked.  Sessions that ask for one key wait for each other.
 */
extern int64 respond_run_name_take(const char *rule, const char *key, int64 run_id);

/* Gives it to another run; the caller has looked whether it may. */
extern void respond_run_name_give(const char *rule, const char *key, int64 run_id);

#endif							/* RESPOND_RUN_NAME_H */
