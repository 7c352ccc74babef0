/*-------------------------------------------------------------------------
 * open_transactions.c
 *	  Transactions of others that go on since before a moment.
 *
 * When a transaction began is in the status of its backend alone, and that is
 * read by copying the status of all.  So shared memory is asked first
 * whether anybody else in this database is in a transaction at all.
 *
 * src/common/open_transactions.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/open_transactions.h"
#include "common/pg_compat.h"

/* Read without a lock: who begins later is of no interest. */
static void
look_at_processes(bool *prepared, bool *others)
{
	*prepared = *others = false;
	for (uint32 i = 0; i < ProcGlobal->allProcCount; i++)
	{
		volatile PGPROC *process = &ProcGlobal->allProcs[i];

		if (process == MyProc || process->databaseId != MyDatabaseId)
			continue;
		if (process->pid == 0)
			*prepared |= TransactionIdIsValid(process->xid);
		else
			*others |= LocalTransactionIdIsValid(respond_proc_lxid(process));
	}
}

static bool
may_write(const LocalPgBackendStatus *local, TimestampTz moment, int64 grace)
{
	const PgBackendStatus *status = &local->backendStatus;
	TimestampTz began = status->st_xact_start_timestamp;
	bool		has_xid = TransactionIdIsValid(local->backend_xid);

	if (status->st_procpid == MyProcPid || status->st_databaseid != MyDatabaseId ||
		status->st_backendType == B_AUTOVAC_WORKER || status->st_backendType == B_WAL_SENDER)
		return false;
	/* with track_activities off nobody knows when it began */
	if (began == 0)
		return has_xid || TransactionIdIsValid(local->backend_xmin);
	return began <= moment && (has_xid || began > moment - grace);
}

bool
respond_transaction_open_since(TimestampTz moment, int64 grace)
{
	TimestampTz real = moment - respond_clock_ahead();
	bool		prepared;
	bool		others;

	look_at_processes(&prepared, &others);
	if (prepared || !others)
		return prepared;
	pgstat_clear_backend_activity_snapshot();
	for (int i = 1; i <= pgstat_fetch_stat_numbackends(); i++)
		if (may_write(respond_local_backend_status(i), real, grace))
			return true;
	return false;
}
