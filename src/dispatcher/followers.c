/*-------------------------------------------------------------------------
 * followers.c
 *	  Runs that have to look back.
 *
 * src/dispatcher/followers.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/grow.h"
#include "dispatcher/followers.h"
#include "dispatcher/place.h"

static MemoryContext context;	/* NULL until the first use in a process */
static Follower *followers;
static int	count;
static int	room;

static Follower *
add(int64 run_id, const Jsonb *place)
{
	Follower   *follower;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "pg_respond runs that look back", ALLOCSET_DEFAULT_SIZES);
	followers = respond_grow(context, followers, count, &room, sizeof(Follower));
	follower = &followers[count++];
	memset(follower, 0, sizeof(*follower));
	follower->run_id = run_id;
	follower->document = MemoryContextAlloc(context, VARSIZE(place));
	memcpy(follower->document, place, VARSIZE(place));
	follower->armed_from = DT_NOBEGIN;
	return follower;
}

void
respond_followers_add(int64 run_id, const Jsonb *place, bool at_pause)
{
	add(run_id, place)->at_pause = at_pause;
}

void
respond_followers_add_late(int64 run_id, const Jsonb *place, TimestampTz armed_from)
{
	add(run_id, place)->armed_from = armed_from;
}

void
respond_followers_add_new(int64 run_id)
{
	if (respond_place_is_past())
		respond_followers_add(run_id, respond_place_save(), false);
}

bool
respond_followers_have(int64 run_id)
{
	for (int i = 0; i < count; i++)
		if (followers[i].run_id == run_id)
			return true;
	return false;
}

bool
respond_followers_are_late(void)
{
	for (int i = 0; i < count; i++)
		if (!followers[i].at_pause)
			return true;
	return false;
}

const Follower *
respond_followers(int *number)
{
	*number = count;
	return followers;
}

void
respond_followers_forget(void)
{
	followers = NULL;
	count = room = 0;
	if (context != NULL)
		MemoryContextReset(context);
}
