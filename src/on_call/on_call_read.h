/*-------------------------------------------------------------------------
 * on_call_read.h
 *	  Rotations, and who is on call for a team, as the active snapshot sees them.
 *
 * src/on_call/on_call_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ON_CALL_READ_H
#define RESPOND_ON_CALL_READ_H

#include "nodes/pg_list.h"

#include "on_call/on_call.h"

/* All is in the current memory context.  Raises if there is no rotation of that name. */
extern Rotation *respond_rotation_read(const char *name);

/*
 * The same for a team.  Of overrides only those at a time, if it is not NULL, and
 * then who is absent.
 */
extern OnCallTeam *respond_on_call_read(const char *team, const int64 *at);

/* Names of those who are on call at a time, as a list of char *; *planned: whether the team has layers or overrides. */
extern List *respond_on_call_names(const char *team, int64 at, bool *planned);

#endif							/* RESPOND_ON_CALL_READ_H */
