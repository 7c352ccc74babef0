/*-------------------------------------------------------------------------
 * courier_unread.c
 *	  Which pending deliveries of a channel are to be found in the table only.
 *
 * src/courier/courier_unread.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "courier/courier_unread.h"

/* Time between two walks through the subjects of an ordered channel. */
#define WALK_PAUSE_US			USECS_PER_SEC

static void
forget_subject(Unread *unread)
{
	if (unread->subject != NULL)
		pfree(unread->subject);
	unread->subject = NULL;
}

void
respond_courier_unread_all(Unread *unread)
{
	unread->any = true;
	unread->due = DT_NOBEGIN;
	unread->id = 0;
	unread->after = DT_NOBEGIN;
	unread->again = false;
	forget_subject(unread);
}

void
respond_courier_unread_close(Unread *unread)
{
	unread->any = false;
	forget_subject(unread);
}

/* Walks are at least a second apart, and wait until what they would find is due. */
static void
add_ordered(Unread *unread, TimestampTz due)
{
	TimestampTz after = Max(due, unread->walk_ended_at + WALK_PAUSE_US);

	unread->due = Min(unread->due, due);
	if (unread->any && unread->subject != NULL)
		unread->again = true;
	else
		unread->after = unread->any ? Min(unread->after, after) : after;
	unread->any = true;
}

void
respond_courier_unread_add(Unread *unread, bool ordered, TimestampTz due, int64 id)
{
	if (ordered)
	{
		add_ordered(unread, due);
		return;
	}
	if (unread->any && (unread->due < due || (unread->due == due && unread->id <= id - 1)))
		return;
	unread->any = true;
	unread->due = due;
	unread->id = id - 1;
}

bool
respond_courier_unread_holds(const Unread *unread, TimestampTz due, int64 id)
{
	return unread->any && (due > unread->due || (due == unread->due && id > unread->id));
}

void
respond_courier_unread_page(Unread *unread, TimestampTz due, int64 id)
{
	Assert(unread->subject == NULL);
	unread->any = true;
	unread->due = due;
	unread->id = id;
}

void
respond_courier_unread_last_page(Unread *unread)
{
	unread->any = false;
}

void
respond_courier_unread_walk(Unread *unread, const char *subject)
{
	Assert(unread->any);
	if (unread->subject == NULL)
	{
		unread->due = DT_NOEND;
		unread->again = false;
	}
	forget_subject(unread);
	if (subject != NULL)
		unread->subject = MemoryContextStrdup(TopMemoryContext, subject);
}

void
respond_courier_unread_end_walk(Unread *unread, TimestampTz now)
{
	TimestampTz left_due = unread->due;

	forget_subject(unread);
	unread->any = false;
	unread->walk_ended_at = now;
	unread->due = DT_NOEND;
	if (unread->again)
		add_ordered(unread, left_due);
	unread->again = false;
}
