/*-------------------------------------------------------------------------
 * state.h
 *	  The row of respond_internal.state: whether the workers of the database hold.
 *
 * src/clock/state.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STATE_H
#define RESPOND_STATE_H

/*
 * Brings the entry in shared memory in line with the table, in a transaction
 * of its own.  A database that was copied from elsewhere is put on hold.
 */
extern void respond_state_publish(void);

#endif							/* RESPOND_STATE_H */
