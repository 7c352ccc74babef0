/*-------------------------------------------------------------------------
 * dispatcher.c
 *	  The dispatcher worker: claims its slot and rests until it is stopped.
 *
 * src/dispatcher/dispatcher.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "launcher/worker.h"

void
respond_dispatcher_main(Datum main_arg)
{
	WorkerSlot *slot = respond_worker_start(main_arg, WORKER_DISPATCHER);

	for (;;)
	{
		pg_atomic_write_u32(&slot->sleeping, 1);
		respond_worker_wait(60000);
	}
}
