/*-------------------------------------------------------------------------
 * progress_rotation.h
 *	  Emptying the progress tables, one side while the other is written.
 *
 * src/upkeep/progress_rotation.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROGRESS_ROTATION_H
#define RESPOND_PROGRESS_ROTATION_H

#include "common/shmem.h"

/* Chooses the side to write after the server started; before dispatchers run. */
extern void respond_rotation_choose_side(DatabaseSlot *database);

/* Does what is due.  Returns when to look again. */
extern TimestampTz respond_rotation_apply(TimestampTz now);

#endif							/* RESPOND_PROGRESS_ROTATION_H */
