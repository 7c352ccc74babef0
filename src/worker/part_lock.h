/*-------------------------------------------------------------------------
 * part_lock.h
 *	  What only one process of a database may do.
 *
 * src/worker/part_lock.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PART_LOCK_H
#define RESPOND_PART_LOCK_H

#include "storage/lockdefs.h"

#include "common/shmem.h"

/*
 * These are locks on parts of the extension object that do not exist.  Unlike
 * advisory locks they cannot be given back by pg_advisory_unlock_all() in the SQL
 * of a rule.  All parts that there are:
 */
#define PART_LOCK_LANE(lanes, lane)	((lanes) * (RESPOND_MAX_LANES + 1) + (lane) + 1)
#define PART_LOCK_COURIER			30000

/* Takes it for the session, if nobody is in the way; a rollback lets go of it. */
extern bool respond_part_lock_take(Oid extension, int part, LOCKMODE mode);
extern void respond_part_lock_release(Oid extension, int part, LOCKMODE mode);

#endif							/* RESPOND_PART_LOCK_H */
