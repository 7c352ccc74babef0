/*-------------------------------------------------------------------------
 * caller_answer.c
 *	  The answers that a caller gets: those of workers, and refusals of our own.
 *
 * src/listener/caller_answer.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller_answer.h"

#include <stdio.h>
#include <string.h>

#include "companion/problem.h"
#include "listener/answer_head.h"
#include "listener/budget.h"
#include "listener/caller_out.h"

/* Bytes of a stream that may wait for one caller; less where memory is scarce. */
#define STREAM_BYTES		((size_t) 256 * 1024)
#define STREAM_BYTES_TIGHT	((size_t) 16 * 1024)

static Caller *
caller_of(Exchange *exchange)
{
	return (Caller *) ((char *) exchange - offsetof(Caller, exchange));
}

void
respond_caller_answer(Caller *caller, const WebAnswer *answer, bool is_last)
{
	AnswerForm	form = {.minor = caller->minor, .is_head = caller->is_head};
	struct iovec parts[2];

	caller->is_last |= is_last || caller->has_ended;
	form.keep_alive = !caller->is_last;
	parts[0].iov_base = respond_answer_head(respond_caller_arena(), answer, form, &parts[0].iov_len);
	parts[1].iov_base = (char *) answer->body;
	parts[1].iov_len = answer->body_length;
	if (respond_caller_send(caller, parts, caller->is_head || answer->body_length == 0 ? 1 : 2))
		respond_caller_answered(caller);
}

void
respond_caller_refuse(Caller *caller, int status, const char *why, bool is_last)
{
	static Arena *arena;
	WebAnswer  *answer;

	if (arena == NULL)
		arena = respond_arena_create(&respond_arena_malloc_source);
	respond_arena_reset(arena);
	answer = respond_problem(arena, status, why);
	if (status == 503 || status == 429)
		(void) respond_web_answer_field(arena, answer, "Retry-After", "1");
	if (status == 405)
		(void) respond_web_answer_field(arena, answer, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	respond_caller_counts.refused++;
	respond_caller_answer(caller, answer, is_last);
}

void
respond_caller_hear(Exchange *exchange, const WebAnswer *answer)
{
	respond_caller_answer(caller_of(exchange), answer, false);
}

void
respond_caller_hear_end(Exchange *exchange)
{
	static const char last_chunk[] = "0\r\n\r\n";
	Caller	   *caller = caller_of(exchange);
	struct iovec part = {(char *) last_chunk, strlen(last_chunk)};

	if (caller->minor == 0 || respond_caller_send(caller, &part, 1))
		respond_caller_answered(caller);
}

void
respond_caller_hear_loss(Exchange *exchange)
{
	Caller	   *caller = caller_of(exchange);

	if (caller->state == CALLER_STREAM)
		respond_caller_hear_end(exchange);
	else
		respond_caller_refuse(caller, 503, "the database did not answer; send the request again", false);
}

/* Its end is that of the connection, so that what a caller sends meanwhile is no second request. */
void
respond_caller_hear_stream(Exchange *exchange, const WebAnswer *answer)
{
	Caller	   *caller = caller_of(exchange);
	AnswerForm	form = {.minor = caller->minor, .is_head = caller->is_head,
	.framing = caller->minor > 0 ? ANSWER_CHUNKED : ANSWER_CLOSED};
	struct iovec part;

	caller->is_last = true;
	part.iov_base = respond_answer_head(respond_caller_arena(), answer, form, &part.iov_len);
	respond_deadline_clear(&caller->deadline);
	caller->state = CALLER_STREAM;
	if (!respond_caller_send(caller, &part, 1))
		return;
	respond_caller_forget_request(caller);
	respond_bytes_free(&caller->input);
	if (caller->is_head)
	{
		respond_worker_leave(exchange);
		respond_caller_answered(caller);
	}
	else if (caller->may_read || caller->has_ended)
		respond_caller_note_ready(caller);
}

/* What waits is left out, but for the event that is partly sent. */
void
respond_caller_cut_off(Caller *caller)
{
	respond_worker_tell_full(&caller->exchange);
	respond_out_queue_cut(&caller->out, caller->stream.promised);
	respond_caller_hear_end(&caller->exchange);
}

void
respond_caller_hear_data(Exchange *exchange, SharedBytes *chunk, size_t start, size_t end)
{
	Caller	   *caller = caller_of(exchange);
	size_t		most = respond_budget_taken() > BUDGET_ALL / 2 ? STREAM_BYTES_TIGHT : STREAM_BYTES;

	if (chunk == NULL || (caller->out.count > 0 && caller->out.waiting + (end - start) > most))
		respond_caller_cut_off(caller);
	else if (caller->minor > 0)
		(void) respond_caller_send_shared(caller, chunk, 0, chunk->length);
	else
		(void) respond_caller_send_shared(caller, chunk, start, end);
}
