/*-------------------------------------------------------------------------
 * event_columns.c
 *	  The columns of respond.event.
 *
 * src/event/event_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "event/event_columns.h"

static const char *const column_names[EVENT_COLUMN_COUNT] = {
	"id", "type", "source", "subject", "time", "data", "key", "cause", "depth",
	"actor", "recorded_at", "xid"
};

void
respond_event_columns_find(Relation partition, int positions[EVENT_COLUMN_COUNT])
{
	TupleDesc	description = RelationGetDescr(partition);

	for (int column = 0; column < EVENT_COLUMN_COUNT; column++)
	{
		int			position = column;

		/* Usually it is where it is in the parent. */
		if (position >= description->natts ||
			strcmp(NameStr(TupleDescAttr(description, position)->attname), column_names[column]) != 0)
			position = get_attnum(RelationGetRelid(partition), column_names[column]) - 1;
		if (position < 0)
			elog(ERROR, "partition \"%s\" has no column \"%s\"",
				 RelationGetRelationName(partition), column_names[column]);
		positions[column] = position;
	}
}
