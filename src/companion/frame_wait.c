/*-------------------------------------------------------------------------
 * frame_wait.c
 *	  A worker's sleep until frames come, frames can go, its latch is set or time is over.
 *
 * The set of what is waited for lives as long as the socket: making one for each
 * sleep would cost more than the sleep.
 *
 * src/companion/frame_wait.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "common/pg_compat.h"
#include "companion/frame_wait.h"
#include "worker/worker.h"

void
respond_frame_wait_forget(FrameWait *wait)
{
	if (wait->set != NULL)
		FreeWaitEventSet(wait->set);
	wait->set = NULL;
}

static void
make_set(FrameWait *wait, int fd, uint32 events)
{
	wait->set = respond_lasting_wait_event_set(3);
	AddWaitEventToSet(wait->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(wait->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (fd >= 0)
		wait->position = AddWaitEventToSet(wait->set, events, fd, NULL, NULL);
	wait->fd = fd;
	wait->events = events;
}

void
respond_frame_wait(FrameWait *wait, const FrameSocket *socket, bool receive, long milliseconds, Sleep sleep)
{
	int			fd = socket == NULL ? -1 : socket->fd;
	bool		send = fd >= 0 && respond_frame_socket_waiting(socket) > 0;
	uint32		events = send ? WL_SOCKET_WRITEABLE : 0;
	WaitEvent	event;

	/* law: no transaction, and so no snapshot, while nothing is done */
	Assert(!IsTransactionState());
	if (receive || !send)
		events |= WL_SOCKET_READABLE;
	if (wait->set != NULL && wait->fd != fd)
		respond_frame_wait_forget(wait);
	if (wait->set == NULL)
		make_set(wait, fd, events);
	else if (fd >= 0 && wait->events != events)
	{
		ModifyWaitEvent(wait->set, wait->position, events, NULL);
		wait->events = events;
	}
	if (milliseconds != 0)
		pgstat_report_stat(milliseconds < 0 || milliseconds >= 10000);
	(void) WaitEventSetWait(wait->set, milliseconds, &event, 1, respond_wait_event(sleep));
	respond_worker_woken();
}
