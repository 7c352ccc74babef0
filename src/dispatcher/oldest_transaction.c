/*-------------------------------------------------------------------------
 * oldest_transaction.c
 *	  Since when some transaction of the database is open.
 *
 * src/dispatcher/oldest_transaction.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/guc.h"
#include "common/pg_compat.h"
#include "dispatcher/oldest_transaction.h"

static bool
may_record(const LocalPgBackendStatus *local, TimestampTz now)
{
	const PgBackendStatus *status = &local->backendStatus;

	if (status->st_databaseid != MyDatabaseId || status->st_procpid == MyProcPid ||
		status->st_xact_start_timestamp == 0)
		return false;
	if (TransactionIdIsValid(local->backend_xid))
		return true;
	return status->st_state == STATE_IDLEINTRANSACTION &&
		!TimestampDifferenceExceeds(status->st_xact_start_timestamp, now, respond_timer_grace);
}

TimestampTz
respond_oldest_transaction(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz moved = respond_clock_now() - now;
	TimestampTz oldest = DT_NOEND;
	int			count;

	pgstat_clear_backend_activity_snapshot();
	count = pgstat_fetch_stat_numbackends();
	for (int i = 1; i <= count; i++)
	{
		const LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);

		if (local != NULL && may_record(local, now))
			oldest = Min(oldest, local->backendStatus.st_xact_start_timestamp + moved);
	}
	pgstat_clear_backend_activity_snapshot();
	return oldest;
}
