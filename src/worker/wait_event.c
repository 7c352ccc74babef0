/*-------------------------------------------------------------------------
 * wait_event.c
 *	  What processes of ours sleep for, as pg_stat_activity shows it.
 *
 * Servers before 17 have one name for whatever an extension waits for.
 *
 * src/worker/wait_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/wait_event.h"

#include "common/pg_compat.h"
#include "worker/wait_event.h"

/* As docs/operations.md has them. */
static const char *const names[] = {
	[SLEEP_LAUNCHER] = "RespondLauncherMain",
	[SLEEP_CLOCK] = "RespondClockMain",
	[SLEEP_DISPATCHER] = "RespondDispatcherMain",
	[SLEEP_COURIER] = "RespondCourierMain",
	[SLEEP_NETWORK] = "RespondCourierNetwork",
	[SLEEP_LISTENER] = "RespondListenerMain",
	[SLEEP_GATEWAY] = "RespondGatewayMain",
	[SLEEP_HOLD] = "RespondHold",
	[SLEEP_RETRY] = "RespondRetry",
	[SLEEP_WORKERS_END] = "RespondWorkersEnd",
};

uint32
respond_wait_event(Sleep sleep)
{
	static uint32 known[lengthof(names)];

	/* the server takes a lock to find the number of a name */
	if (known[sleep] == 0)
		known[sleep] = WaitEventExtensionNew(names[sleep]);
	return known[sleep];
}
