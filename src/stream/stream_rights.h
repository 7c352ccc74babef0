/*-------------------------------------------------------------------------
 * stream_rights.h
 *	  What a role may see of the event log.
 *
 * src/stream/stream_rights.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_RIGHTS_H
#define RESPOND_STREAM_RIGHTS_H

#include "event/event.h"

typedef enum StreamSight
{
	SIGHT_NOTHING,				/* it may not SELECT from respond.event */
	SIGHT_SOME,					/* row level security decides */
	SIGHT_ALL
} StreamSight;

/* In a transaction. */
extern StreamSight respond_stream_sight(Oid role);

/*
 * Which of these events the role sees, asked as that role; visible: room for all.
 * Raises what its policies raise.
 */
extern void respond_stream_look(Oid role, const Event *const *events, int count, bool *visible);

/* Grows whenever roles, or rights in the database or the log, may have changed. */
extern uint64 respond_stream_rights_changes(void);

#endif							/* RESPOND_STREAM_RIGHTS_H */
