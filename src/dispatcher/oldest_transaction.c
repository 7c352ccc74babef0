/*-------------------------------------------------------------------------
 * oldest_transaction.c
 *	  Since when some transaction of the database is open.
 *
 * src/dispatcher/oldest_transaction.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/twophase.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/guc.h"
#include "common/pg_compat.h"
#include "dispatcher/oldest_transaction.h"

/* A statement that has just begun may be about to write; one that has not written by then reads.  In ms. */
#define STATEMENT_BEGINS	1000

static bool
may_record(const LocalPgBackendStatus *local, TimestampTz now)
{
	const PgBackendStatus *status = &local->backendStatus;

	if (status->st_databaseid != MyDatabaseId || status->st_procpid == MyProcPid ||
		status->st_backendType == B_AUTOVAC_WORKER)
		return false;
	if (TransactionIdIsValid(local->backend_xid))
		return true;
	if (status->st_xact_start_timestamp == 0)
		return false;
	if (status->st_state == STATE_RUNNING)
		return !TimestampDifferenceExceeds(status->st_state_start_timestamp, now,
										   Min(STATEMENT_BEGINS, respond_timer_grace));
	return status->st_state == STATE_IDLEINTRANSACTION &&
		!TimestampDifferenceExceeds(status->st_xact_start_timestamp, now, respond_timer_grace);
}

/* By track_activities = off a session hides since when. */
static TimestampTz
began_at(const LocalPgBackendStatus *local, TimestampTz moved)
{
	TimestampTz start = local->backendStatus.st_xact_start_timestamp;

	return start != 0 ? start + moved : DT_NOBEGIN;
}

/*
 * A prepared transaction has the place of a process, without one; nobody knows
 * when it began.  They are looked at after the sessions: one that is just being
 * prepared is found in one of the two.
 */
static bool
is_prepared(void)
{
	for (int i = 0; i < max_prepared_xacts; i++)
	{
		volatile PGPROC *process = &PreparedXactProcs[i];
		TransactionId xid = process->xid;

		/* the place keeps the number of the last one that had it */
		if (process->databaseId == MyDatabaseId && TransactionIdIsValid(xid) && TransactionIdIsInProgress(xid))
			return true;
	}
	return false;
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
			oldest = Min(oldest, began_at(local, moved));
	}
	pgstat_clear_backend_activity_snapshot();
	return is_prepared() ? DT_NOBEGIN : oldest;
}
