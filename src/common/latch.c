/*-------------------------------------------------------------------------
 * latch.c
 *	  Waking workers and the launcher, from any process.
 *
 * src/common/latch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/latch.h"
#include "storage/proc.h"

#include "common/latch.h"
#include "common/shmem.h"

void
respond_latch_set(int procno)
{
	if (procno >= 0)
		SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

/* Only the first of many wakers pays for the latch. */
void
respond_latch_wake_slot(uint32 slot_reference)
{
	WorkerSlot *slot;
	uint32		asleep = 1;

	if (slot_reference == 0)
		return;
	slot = &respond_shared->slots[slot_reference - 1];
	if (pg_atomic_read_u32(&slot->sleeping) != 0 &&
		pg_atomic_compare_exchange_u32(&slot->sleeping, &asleep, 0))
		respond_latch_set(slot->procno);
}

void
respond_latch_wake_launcher(void)
{
	pg_atomic_fetch_add_u32(&respond_shared->look_again, 1);
	respond_latch_set(respond_shared->launcher_procno);
}
