/*-------------------------------------------------------------------------
 * state.h
 *	  The row of respond_internal.state: whether the workers of the database hold.
 *
 * src/upkeep/state.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STATE_H
#define RESPOND_STATE_H

#include "datatype/timestamp.h"

/*
 * Brings the entry in shared memory in line with the table, in a transaction
 * of its own.  A database that was copied from elsewhere is put on hold.
 */
extern void respond_state_publish(void);

/*
 * Does so when the two differ, whatever the reason; on hold, too.  Returns when
 * to look again.
 */
extern TimestampTz respond_state_follow(TimestampTz now);

#endif							/* RESPOND_STATE_H */
