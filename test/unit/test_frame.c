/* links: src/companion/frame.c */
/*-------------------------------------------------------------------------
 * test_frame.c
 *	  Frames: what is written is read, and nothing else.
 *
 * test/unit/test_frame.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "companion/frame.h"

static void
write_two(FrameBuffer *buffer)
{
	respond_frame_begin(buffer, FRAME_HELLO, 7);
	respond_frame_put_number(buffer, UINT64_MAX);
	respond_frame_put_text(buffer, "a\0b", 3);
	respond_frame_put_string(buffer, "");
	check(respond_frame_end(buffer), "a frame is written");
	respond_frame_begin(buffer, FRAME_STATE, 0);
	check(respond_frame_end(buffer), "an empty frame is written");
}

static void
check_round_trip(void)
{
	FrameBuffer buffer = {0};
	Frame		frame;
	FrameText	text;
	size_t		used = 0;

	write_two(&buffer);
	for (size_t length = 0; length < buffer.end - FRAME_HEAD_SIZE; length++)
		if (respond_frame_find(buffer.bytes, length, &frame, &used) != FRAME_MORE)
			check(false, "%zu bytes are no whole frame", length);
	check(respond_frame_find(buffer.bytes, buffer.end, &frame, &used) == FRAME_WHOLE, "it is found");
	check(frame.kind == FRAME_HELLO && frame.request == 7, "with its head");
	check(respond_frame_get_number(&frame) == UINT64_MAX, "a number");
	text = respond_frame_get_text(&frame);
	check(text.length == 3 && memcmp(text.bytes, "a\0b", 3) == 0, "a text");
	check(!respond_frame_is_done(&frame), "something is left");
	check(respond_frame_get_text(&frame).length == 0 && respond_frame_is_done(&frame), "an empty text, and the end");
	respond_frame_get_number(&frame);
	check(frame.broken && !respond_frame_is_done(&frame), "nothing is behind it");
	check(respond_frame_find(buffer.bytes + used, buffer.end - used, &frame, &used) == FRAME_WHOLE &&
		  frame.kind == FRAME_STATE && respond_frame_is_done(&frame), "the second one");
	respond_frame_free(&buffer);
}

static void
check_lies(void)
{
	char		bytes[64] = {0};
	uint32_t	head[4] = {0, FRAME_ANSWER, 0, 0};
	uint64_t	length;
	Frame		frame;
	size_t		used;

	head[0] = FRAME_MAX_LENGTH + 1;
	memcpy(bytes, head, sizeof(head));
	check(respond_frame_find(bytes, sizeof(bytes), &frame, &used) == FRAME_BROKEN, "a frame that is too long");
	head[0] = 8;
	for (int i = 0; i < 2; i++)
	{
		head[1] = i == 0 ? 0 : FRAME_LAST_KIND + 1;
		memcpy(bytes, head, sizeof(head));
		check(respond_frame_find(bytes, sizeof(bytes), &frame, &used) == FRAME_BROKEN, "a kind that there is not");
	}
	head[1] = FRAME_ANSWER;
	memcpy(bytes, head, sizeof(head));
	for (int i = 0; i < 3; i++)
	{
		length = i == 0 ? 1 : i == 1 ? UINT64_MAX : UINT64_MAX - 7;
		memcpy(bytes + FRAME_HEAD_SIZE, &length, sizeof(length));
		check(respond_frame_find(bytes, sizeof(bytes), &frame, &used) == FRAME_WHOLE, "a frame with a text");
		check(respond_frame_get_text(&frame).length == 0 && frame.broken, "that is longer than the frame");
	}
}

static void
check_too_long(void)
{
	FrameBuffer buffer = {0};
	char	   *much = calloc(1, FRAME_MAX_LENGTH);
	size_t		before;

	respond_frame_begin(&buffer, FRAME_ANSWER, 1);
	respond_frame_put_text(&buffer, much, FRAME_MAX_LENGTH - 8);
	check(respond_frame_end(&buffer), "the longest frame");
	before = buffer.end;
	respond_frame_begin(&buffer, FRAME_ANSWER, 1);
	respond_frame_put_text(&buffer, much, FRAME_MAX_LENGTH - 7);
	check(!respond_frame_end(&buffer) && buffer.end == before, "a byte more is refused, and nothing of it is kept");
	respond_frame_begin(&buffer, FRAME_ANSWER, 2);
	check(respond_frame_end(&buffer), "then the next one is written");
	free(much);
	respond_frame_free(&buffer);
}

/* Bytes leave in parts while frames are added. */
static void
check_parts(void)
{
	FrameBuffer buffer = {0};
	char	   *sent = calloc(1000, 1000);
	size_t		length = 0;
	size_t		at = 0;
	int			found = 0;

	for (int i = 0; i < 1000; i++)
	{
		size_t		part;

		respond_frame_begin(&buffer, FRAME_REQUEST, i);
		respond_frame_put_text(&buffer, sent, i % 700);
		respond_frame_end(&buffer);
		part = (buffer.end - buffer.start) / (1 + i % 3);
		memcpy(sent + length, buffer.bytes + buffer.start, part);
		respond_frame_sent(&buffer, part);
		length += part;
	}
	memcpy(sent + length, buffer.bytes + buffer.start, buffer.end - buffer.start);
	length += buffer.end - buffer.start;
	for (;;)
	{
		Frame		frame;
		size_t		used;

		if (respond_frame_find(sent + at, length - at, &frame, &used) != FRAME_WHOLE)
			break;
		found += frame.request == (uint64_t) found && respond_frame_get_text(&frame).length == frame.request % 700 &&
			respond_frame_is_done(&frame);
		at += used;
	}
	check(found == 1000 && at == length, "what leaves in parts arrives whole and in order");
	check(buffer.capacity < 100000, "and takes no more memory than what waits");
	free(sent);
	respond_frame_free(&buffer);
}

int
main(void)
{
	check_round_trip();
	check_lies();
	check_too_long();
	check_parts();
	return check_done();
}
