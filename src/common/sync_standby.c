/*-------------------------------------------------------------------------
 * sync_standby.c
 *	  How far synchronous standbys have confirmed what was written here.
 *
 * src/common/sync_standby.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "replication/syncrep.h"
#include "replication/walsender_private.h"
#include "storage/lwlock.h"

#include "common/sync_standby.h"

/* As SyncRepWaitForLSN() asks; minor releases differ in how they keep it. */
static bool
standbys_are_defined(void)
{
#ifdef SYNC_STANDBY_DEFINED
	bits8		status = ((volatile WalSndCtlData *) WalSndCtl)->sync_standbys_status;

	if (status & SYNC_STANDBY_INIT)
		return (status & SYNC_STANDBY_DEFINED) != 0;
	return SyncRepStandbyNames != NULL && SyncRepStandbyNames[0] != '\0';
#else
	return ((volatile WalSndCtlData *) WalSndCtl)->sync_standbys_defined;
#endif
}

XLogRecPtr
respond_sync_standby_confirmed(void)
{
	XLogRecPtr	confirmed;

	if (!standbys_are_defined())
		return PG_UINT64_MAX;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	confirmed = WalSndCtl->lsn[SYNC_REP_WAIT_FLUSH];
	LWLockRelease(SyncRepLock);
	return confirmed;
}
