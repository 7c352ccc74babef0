/*-------------------------------------------------------------------------
 * start_key.h
 *	  A rule is started by hand under a key: one run of it at a time.
 *
 * src/dispatcher/start_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_START_KEY_H
#define RESPOND_START_KEY_H

/* What becomes of a start whose key a run under way has. */
typedef enum StartConflict
{
	START_RETURN,				/* it gives that run */
	START_REPLACE,				/* that run is cancelled */
	START_ERROR
} StartConflict;

extern StartConflict respond_start_conflict(const char *on_conflict);

extern void respond_start_key_check(const char *key);

/* Takes the key for the new run; 0. Else the result is the run that has it. */
extern int64 respond_start_key_take(const char *rule, const char *key, int64 run_id, StartConflict conflict);

#endif							/* RESPOND_START_KEY_H */
