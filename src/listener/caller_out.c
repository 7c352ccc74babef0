/*-------------------------------------------------------------------------
 * caller_out.c
 *	  What a caller is sent.
 *
 * src/listener/caller_out.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller_out.h"

#include <string.h>

/* A caller who takes so little in the time that DEADLINE_WRITE gives is cut off. */
#define LEAST_PROGRESS	16384

#define MAX_PARTS		64

/* Behind our last word, what the caller sends is read for a while: closing at once could destroy the answer. */
static void
begin_linger(Caller *caller)
{
	respond_net_finish(&caller->stream);
	if (caller->has_ended)
	{
		respond_caller_close(caller);
		return;
	}
	respond_caller_forget_request(caller);
	respond_bytes_free(&caller->input);
	caller->state = CALLER_LINGER;
	respond_deadline_set(&caller->deadline, DEADLINE_LINGER);
	respond_caller_note_ready(caller);
}

static void
begin_next(Caller *caller)
{
	respond_caller_forget_request(caller);
	caller->state = CALLER_HEAD;
	caller->is_head = false;
	respond_deadline_set(&caller->deadline, caller->input.length > 0 ? DEADLINE_HEAD : DEADLINE_IDLE);
	if (caller->input.length > 0 || caller->may_read || caller->has_ended)
		respond_caller_note_ready(caller);
}

/* All that there was is sent. */
static void
sent_all(Caller *caller)
{
	if (caller->state == CALLER_ANSWERED && caller->is_last)
		begin_linger(caller);
	else if (caller->state == CALLER_ANSWERED)
		begin_next(caller);
	else if (caller->deadline.kind == DEADLINE_WRITE && caller->state == CALLER_BODY)
		respond_deadline_set(&caller->deadline, DEADLINE_BODY);
	else if (caller->deadline.kind == DEADLINE_WRITE)
		respond_deadline_clear(&caller->deadline);
}

/* There is something to send, or less of it than before. */
static void
watch_progress(Caller *caller, size_t written)
{
	caller->progress += written;
	if (caller->deadline.kind == DEADLINE_WRITE && caller->progress < LEAST_PROGRESS)
		return;
	caller->progress = 0;
	respond_deadline_set(&caller->deadline, DEADLINE_WRITE);
}

bool
respond_caller_write(Caller *caller)
{
	while (caller->out.count > 0 && caller->may_write)
	{
		struct iovec parts[MAX_PARTS];
		int			count = caller->out.count < MAX_PARTS ? caller->out.count : MAX_PARTS;
		size_t		written;
		NetVerdict	verdict;

		for (int i = 0; i < count; i++)
		{
			OutPart    *part = &caller->out.parts[caller->out.first + i];

			parts[i].iov_base = part->shared->bytes + part->start;
			parts[i].iov_len = part->end - part->start;
		}
		verdict = respond_net_write(&caller->stream, parts, count, &written);
		if (verdict == NET_WAIT)
			caller->may_write = false;
		else if (verdict != NET_DONE)
		{
			respond_caller_close(caller);
			return false;
		}
		respond_out_queue_wrote(&caller->out, written);
		watch_progress(caller, written);
	}
	if (caller->out.count == 0)
		sent_all(caller);
	return caller->state != CALLER_CLOSED;
}

bool
respond_caller_send_shared(Caller *caller, SharedBytes *shared, size_t start, size_t end)
{
	if (!respond_out_queue_add(&caller->out, shared, start, end))
	{
		respond_caller_reset(caller);
		return false;
	}
	if (caller->deadline.kind != DEADLINE_WRITE)
		watch_progress(caller, 0);
	if (caller->may_write)
		respond_caller_note_ready(caller);
	return true;
}

/* What is behind the first written bytes of the parts waits. */
static bool
keep_rest(Caller *caller, const struct iovec *parts, int count, size_t written)
{
	size_t		length = 0;
	SharedBytes *rest;
	bool		kept;

	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	if (length == written)
		return true;
	rest = respond_shared_bytes(length - written);
	if (rest == NULL)
	{
		respond_caller_reset(caller);
		return false;
	}
	length = 0;
	for (int i = 0; i < count; i++)
	{
		size_t		skipped = written < parts[i].iov_len ? written : parts[i].iov_len;

		memcpy(rest->bytes + length, (char *) parts[i].iov_base + skipped, parts[i].iov_len - skipped);
		length += parts[i].iov_len - skipped;
		written -= skipped;
	}
	kept = respond_caller_send_shared(caller, rest, 0, rest->length);
	respond_shared_bytes_drop(rest);
	return kept;
}

bool
respond_caller_send(Caller *caller, const struct iovec *parts, int count)
{
	size_t		written = 0;

	if (caller->out.count == 0 && caller->may_write)
	{
		NetVerdict	verdict = respond_net_write(&caller->stream, parts, count, &written);

		if (verdict == NET_WAIT)
			caller->may_write = false;
		else if (verdict != NET_DONE)
		{
			respond_caller_close(caller);
			return false;
		}
	}
	return keep_rest(caller, parts, count, written);
}

void
respond_caller_answered(Caller *caller)
{
	caller->state = CALLER_ANSWERED;
	if (caller->out.count == 0)
		sent_all(caller);
	else if (caller->deadline.kind != DEADLINE_WRITE)
		watch_progress(caller, 0);
}
