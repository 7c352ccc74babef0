/*-------------------------------------------------------------------------
 * fuzz_web_frames.c
 *	  No bytes from the other side break the readers of requests and answers in frames.
 *
 * Input: a frame, or what one holds.  Checked besides memory: an answer that was
 * read is written as the same bytes.
 *
 * test/fuzz/fuzz_web_frames.c
 *-------------------------------------------------------------------------
 */
/* links: src/companion/web_answer.c src/companion/web_request.c src/companion/frame.c src/common/arena.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "companion/web_answer.h"
#include "companion/web_request.h"
#include "insist.h"

/* Reads the frame and writes it again; false: the frame is refused. */
static bool
pass(Arena *arena, Frame frame, FrameBuffer *out)
{
	WebRequest *request;
	WebAnswer  *answer;

	if (frame.kind == FRAME_REQUEST)
	{
		request = respond_web_request_read(arena, &frame);
		return request != NULL && respond_web_request_write(out, request);
	}
	answer = respond_web_answer_read(arena, &frame);
	if (answer == NULL)
		return false;
	if (frame.kind == FRAME_STREAM_BEGIN)
		insist(respond_web_answer_write_begin(out, frame.request, answer), "a stream that was read can be written");
	else
		insist(respond_web_answer_write(out, frame.request, answer), "an answer that was read can be written");
	return true;
}

static void
take(Arena *arena, const char *bytes, size_t length)
{
	Frame		frame;
	size_t		used;
	FrameBuffer out = {0};

	if (respond_frame_find(bytes, length, &frame, &used) != FRAME_WHOLE)
		return;
	insist(used <= length, "a frame lies within what came");

	/* A query that says that there is none, is not written again. */
	if ((frame.kind == FRAME_REQUEST || frame.kind == FRAME_ANSWER || frame.kind == FRAME_STREAM_BEGIN) &&
		pass(arena, frame, &out) && frame.kind != FRAME_REQUEST)
		insist(out.end == used && memcmp(out.bytes, bytes, used) == 0, "it is written as it was");
	respond_frame_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char	   *frame = malloc(FRAME_HEAD_SIZE + size);
	uint32_t	head[4] = {size, FRAME_REQUEST, 1, 0};

	take(arena, (const char *) data, size);

	/* The same bytes behind a head that fits: mutations seldom keep the length right. */
	memcpy(frame + FRAME_HEAD_SIZE, data, size);
	for (int i = 0; i < 3; i++)
	{
		head[1] = i == 0 ? FRAME_REQUEST : i == 1 ? FRAME_ANSWER : FRAME_STREAM_BEGIN;
		memcpy(frame, head, sizeof(head));
		take(arena, frame, FRAME_HEAD_SIZE + size);
	}
	free(frame);
	respond_arena_destroy(arena);
	return 0;
}
