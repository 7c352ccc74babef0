/*-------------------------------------------------------------------------
 * part_lock.c
 *	  What only one process of a database may do.
 *
 * src/worker/part_lock.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "worker/part_lock.h"

StaticAssertDecl(PART_LOCK_LANE(RESPOND_MAX_LANES, RESPOND_MAX_LANES) < PART_LOCK_COURIER,
				 "each part has a number of its own");

bool
respond_part_lock_take(Oid extension, int part, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, part);
	return LockAcquire(&tag, mode, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
respond_part_lock_release(Oid extension, int part, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, part);
	LockRelease(&tag, mode, true);
}
