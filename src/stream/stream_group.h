/*-------------------------------------------------------------------------
 * stream_group.h
 *	  Streams that see the same events: the same role follows the same type and pattern.
 *
 * An event is matched once for all of them, and goes to all of a group as the
 * same bytes.
 *
 * src/stream/stream_group.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_GROUP_H
#define RESPOND_STREAM_GROUP_H

#include "event/event.h"
#include "stream/stream_rights.h"

struct Stream;

typedef struct StreamGroup
{
	Oid			role;
	char	   *type;			/* with *; NULL: any */
	Jsonb	   *pattern;		/* NULL: none */
	int			users;			/* streams, wherever they are */
	int			number;			/* in the list of groups */
	StreamSight sight;			/* of its role */
	int			live_count;		/* streams that have had all that there was */
	int			live_room;
	struct Stream **live;
} StreamGroup;

/* The group of these, made if there is none; type and pattern are checked and are copied.  Given back by leave. */
extern StreamGroup *respond_stream_group_join(Oid role, const char *type, Jsonb *pattern);
extern void respond_stream_group_leave(StreamGroup *group);

/*
 * Finds the groups that an event meets, which takes no longer for those that it
 * does not; they are in *met until the next call, or until a group is left.  Returns how many.
 * The event must not be beyond the size limit.  Raises what an event raises that
 * takes too long.
 */
extern int	respond_stream_group_match(const Event *event, StreamGroup ***met);

/* The same of those without a pattern, whatever the event. */
extern int	respond_stream_group_match_type(const Event *event, StreamGroup ***met);

/* Groups, from 0 on; some may be NULL. */
extern int	respond_stream_group_count(void);
extern StreamGroup *respond_stream_group_get(int number);

#endif							/* RESPOND_STREAM_GROUP_H */
