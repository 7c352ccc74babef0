/*-------------------------------------------------------------------------
 * worker_insist.c
 *	  Work without which a worker cannot begin, tried until nothing is in its way.
 *
 * A worker that ended because somebody keeps a table locked would be started
 * again later and later, and begin up to a minute after the lock is gone.
 *
 * src/worker/worker_insist.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "common/error_class.h"
#include "worker/back_off.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* Pauses between tries, in ms. */
#define PAUSE_FIRST		50
#define PAUSE_LONGEST	1000

/* The first one in a row; more of them say nothing new. */
static void
report(const char *what)
{
	ErrorData  *error = CopyErrorData();

	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("pg_respond %s cannot %s yet: %s", respond_worker_kind_name(respond_worker_slot->kind), what,
					error->message),
			 errdetail("This is retried until it succeeds.")));
	FreeErrorData(error);
}

static bool
succeeds(void (*function) (void *argument), void *argument, const char *what, bool first)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		function(argument);
		done = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (!respond_error_is_transient(geterrcode()))
			PG_RE_THROW();
		HOLD_INTERRUPTS();
		respond_worker_failed(geterrcode());
		if (first)
			report(what);
		FlushErrorState();
		AbortOutOfAnyTransaction();
		RESUME_INTERRUPTS();
		pgstat_report_activity(STATE_IDLE, NULL);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return done;
}

void
respond_worker_insist(void (*function) (void *argument), void *argument, const char *what)
{
	for (int failures = 0; !succeeds(function, argument, what, failures == 0); failures++)
		respond_worker_pause((long) respond_back_off(PAUSE_FIRST, PAUSE_LONGEST, failures));
	respond_worker_succeeded();
}
