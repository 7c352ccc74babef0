/*-------------------------------------------------------------------------
 * durable.c
 *	  Whether what was committed is safe, before anybody is told so.
 *
 * What a caller is told may rest on commits of others: an event that was known
 * already is one.  So the end of all WAL counts, not that of the own commit.
 *
 * src/common/durable.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

#include "common/durable.h"
#include "common/sync_standby.h"

/* Milliseconds that a synchronous standby is waited for, and between two looks at it. */
#define STANDBY_LONGEST	5000
#define STANDBY_LOOK	2

/* Where the WAL ends now: where the next record begins, but for the header of its page. */
static XLogRecPtr
end_of_wal(void)
{
	XLogRecPtr	end = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(end, wal_segment_size) == SizeOfXLogLongPHD)
		return end - SizeOfXLogLongPHD;
	return end % XLOG_BLCKSZ == SizeOfXLogShortPHD ? end - SizeOfXLogShortPHD : end;
}

bool
respond_durable_wait(void)
{
	XLogRecPtr	written = end_of_wal();

	Assert(!IsTransactionState());
	XLogFlush(written);
	for (int waited = 0; respond_sync_standby_confirmed() < written; waited += STANDBY_LOOK)
	{
		if (waited >= STANDBY_LONGEST)
			return false;
		(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, STANDBY_LOOK, PG_WAIT_EXTENSION);

		/* an error would make callers do again what is committed; only the end of the process counts */
		HOLD_CANCEL_INTERRUPTS();
		CHECK_FOR_INTERRUPTS();
		RESUME_CANCEL_INTERRUPTS();
	}
	return true;
}
