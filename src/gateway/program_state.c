/*-------------------------------------------------------------------------
 * program_state.c
 *	  How the gateway's program is, in shared memory; written by the listener.
 *
 * src/gateway/program_state.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/shmem.h"
#include "companion/protocol.h"
#include "gateway/program_state.h"

StaticAssertDecl(RESPOND_MAX_ADDRESSES == PROTOCOL_MAX_ADDRESSES, "as many addresses as a frame may have");

/* The last second of the year 9999: no certificate ends later. */
#define LATEST_END	UINT64CONST(253402300799)

static void
clear(GatewayStatus *status)
{
	status->program_pid = 0;
	status->program_since = 0;
	status->is_open = false;
	status->fault[0] = '\0';
	status->connections = status->accepted = status->refused = 0;
	status->certificate_end = 0;
	status->address_count = 0;
}

void
respond_program_state_started(int pid)
{
	GatewayStatus *status = &respond_shared->gateway;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	status->program_pid = pid;
	status->program_since = GetCurrentTimestamp();
	status->starts++;
	LWLockRelease(respond_shared->lock);
}

void
respond_program_state_gone(const char *why)
{
	GatewayStatus *status = &respond_shared->gateway;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	clear(status);
	strlcpy(status->fault, why, sizeof(status->fault));
	LWLockRelease(respond_shared->lock);
}

/* A text of the program, cut to its place; what is no ASCII that prints becomes a question mark. */
static void
get_text(Frame *frame, char *place, size_t size)
{
	FrameText	text = respond_frame_get_text(frame);
	size_t		length = Min(text.length, size - 1);

	for (size_t i = 0; i < length; i++)
		place[i] = text.bytes[i] >= ' ' && text.bytes[i] < 0x7f ? text.bytes[i] : '?';
	place[length] = '\0';
}

bool
respond_program_state_take(Frame *frame, const char *fault)
{
	GatewayStatus *status = &respond_shared->gateway;
	static GatewayStatus news;
	uint64		end;
	uint64		count;

	news.connections = respond_frame_get_number(frame);
	news.accepted = respond_frame_get_number(frame);
	news.refused = respond_frame_get_number(frame);
	end = respond_frame_get_number(frame);
	get_text(frame, news.certificate_fault, sizeof(news.certificate_fault));
	count = respond_frame_get_number(frame);
	if (count > RESPOND_MAX_ADDRESSES || end > LATEST_END)
		return false;
	news.address_count = (int) count;
	for (int i = 0; i < news.address_count; i++)
	{
		get_text(frame, news.addresses[i].address, sizeof(news.addresses[i].address));
		get_text(frame, news.addresses[i].fault, sizeof(news.addresses[i].fault));
	}
	if (!respond_frame_is_done(frame))
		return false;
	if (fault[0] != '\0')
		strlcpy(news.certificate_fault, fault, sizeof(news.certificate_fault));

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	news.program_pid = status->program_pid;
	news.program_since = status->program_since;
	news.starts = status->starts;
	news.certificate_end = end == 0 ? 0 : time_t_to_timestamptz((pg_time_t) end);
	news.is_open = true;
	*status = news;
	LWLockRelease(respond_shared->lock);
	return true;
}
