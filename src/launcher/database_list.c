/*-------------------------------------------------------------------------
 * database_list.c
 *	  Telling the gateway's program which databases there are.
 *
 * A request for a database that there is not gets 404; one for a database whose
 * workers may still come must not, as senders give up behind a 404.  So the
 * list holds each database that has the extension, whether its workers run or
 * not, and says whether it is all of them.  It is not while a database has still to be
 * looked at.
 *
 * src/launcher/database_list.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/latch.h"
#include "common/shmem.h"
#include "launcher/database_list.h"
#include "launcher/registry.h"

static KnownDatabases list;

static void
collect(void)
{
	DatabaseEntry *entry;
	int			position = 0;

	memset(&list, 0, sizeof(list));
	list.is_complete = true;
	while ((entry = respond_registry_next(&position)) != NULL)
	{
		if (entry->status == DATABASE_ABSENT && !entry->has_other_version)
			continue;
		if (entry->status == DATABASE_UNKNOWN)
			list.is_complete = false;
		else if (list.count < RESPOND_MAX_KNOWN_DATABASES)
			list.names[list.count++] = entry->name;
		else
			list.is_complete = false;
	}
}

static void
wake_listener(void)
{
	Assert(LWLockHeldByMe(respond_shared->lock));
	for (int i = 0; i < respond_shared->slot_count; i++)
		if (respond_shared->slots[i].state == WORKER_RUNNING && respond_shared->slots[i].kind == WORKER_LISTENER)
			respond_latch_set(respond_shared->slots[i].procno);
}

void
respond_database_list_publish(void)
{
	collect();
	/* nobody else writes it */
	if (memcmp(&list, &respond_shared->known, sizeof(list)) == 0)
		return;
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	memcpy(&respond_shared->known, &list, sizeof(list));
	wake_listener();
	LWLockRelease(respond_shared->lock);
}
