/*-------------------------------------------------------------------------
 * standby_listener.c
 *	  The listener of a standby, where nobody else starts workers.
 *
 * The launcher waits for the end of recovery.  So that callers of a standby are
 * told to try again, instead of meeting a closed door, a server that starts as a
 * standby with a gateway runs the listener by itself.  No worker answers there,
 * which the program says to whoever asks.
 *
 * The process takes a slot as if the launcher had started it.  After a promotion
 * the launcher finds the listener that it wants in place, so the addresses stay
 * open; if it ends then, the launcher starts the next one.
 *
 * src/gateway/standby_listener.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "gateway/listener_worker.h"
#include "gateway/standby_listener.h"
#include "worker/worker.h"

/* In the data directory, where the postmaster works. */
#define STANDBY_FILE	"standby.signal"

void
respond_standby_listener_register(void)
{
	BackgroundWorker worker = {0};

	if (IsBinaryUpgrade || respond_gateway_listen[0] == '\0' || access(STANDBY_FILE, F_OK) != 0)
		return;
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_name, "pg_respond listener", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "pg_respond listener", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "pg_respond", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "respond_standby_listener_main", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

/* What the launcher would have done; false: there is a listener already, or no slot. */
static bool
take_slot(Datum *argument)
{
	WorkerSlot *mine = NULL;
	bool		is_there = false;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];
		bool		is_over = slot->state == WORKER_FREE || slot->state == WORKER_ENDED;

		is_there |= !is_over && slot->kind == WORKER_LISTENER;
		if (is_over && mine == NULL)
			mine = slot;
	}
	if (mine != NULL && !is_there)
	{
		mine->kind = WORKER_LISTENER;
		mine->database = InvalidOid;
		mine->lane = 0;
		mine->generation++;
		mine->role = InvalidOid;
		mine->pid = 0;
		mine->stop_wanted = false;
		mine->stop_asked_at = 0;
		mine->outcome = WORKER_FAILED;
		mine->failures = 0;
		mine->told_to_end = 0;
		mine->started_at = GetCurrentTimestamp();
		mine->state = WORKER_STARTING;
		*argument = respond_worker_argument((int) (mine - respond_shared->slots), mine->generation);
	}
	LWLockRelease(respond_shared->lock);
	return mine != NULL && !is_there;
}

void
respond_standby_listener_main(Datum main_arg)
{
	Datum		argument;

	/* after a promotion it is the launcher's; one that exits so is not started again */
	if (!RecoveryInProgress() || !take_slot(&argument))
		proc_exit(0);
	respond_listener_main(argument);
}
