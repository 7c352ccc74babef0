/*-------------------------------------------------------------------------
 * identity.c
 *	  Ids of channels and kinds: given once, never changed, never used again.
 *
 * They are random: a number from a sequence is given out again after a failover
 * or a restore.
 *
 * src/channel/identity.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "channel/identity.h"
#include "common/restore.h"

/* Only superusers get here with session_replication_role = replica; a subscription applies what its publisher has. */
static bool
comes_from_elsewhere(void)
{
	return respond_restore_in_progress() ||
		(SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA && superuser());
}

void
respond_identity_set(Datum *value, bool *is_null, const Datum *before)
{
	if (before != NULL)
		*value = *before;
	else if (*is_null || !comes_from_elsewhere())
		*value = DirectFunctionCall1(gen_random_uuid, (Datum) 0);
	*is_null = false;
}
