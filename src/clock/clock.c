/*-------------------------------------------------------------------------
 * clock.c
 *	  The clock worker: what a database needs done as time goes by.
 *
 * The clock is the first worker of a database.  It looks whether the extension
 * is there, brings shared memory in line with respond_internal.state, and by
 * that asks the launcher for the dispatchers.
 *
 * src/clock/clock.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "clock/state.h"
#include "launcher/launcher.h"
#include "launcher/worker.h"

#define LONGEST_REST_MS		60000

void
respond_clock_main(Datum main_arg)
{
	DatabaseSlot *database;
	bool		created;

	(void) respond_worker_start(main_arg, WORKER_CLOCK);
	database = respond_worker_open_database(&created);
	respond_state_publish(database);
	respond_launcher_wake();

	for (;;)
		respond_worker_wait(LONGEST_REST_MS);
}
