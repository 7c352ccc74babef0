/*-------------------------------------------------------------------------
 * frame.c
 *	  Messages between a worker and its helper program, over a socket on one machine.
 *
 * src/companion/frame.c
 *-------------------------------------------------------------------------
 */
#include "companion/frame.h"

#include <stdlib.h>
#include <string.h>

/* What is before the contents of a frame, as it lies in the buffer. */
typedef struct FrameHead
{
	uint32_t	length;			/* bytes that follow the head */
	uint32_t	kind;
	uint64_t	request;
} FrameHead;

_Static_assert(sizeof(FrameHead) == FRAME_HEAD_SIZE, "the head of a frame has no holes");

#define FIRST_CAPACITY	4096

/* Makes room for so many bytes more; what was sent gives its place back. */
static bool
make_room(FrameBuffer *buffer, size_t length)
{
	size_t		kept = buffer->end - buffer->start;
	size_t		capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
	char	   *bytes;

	if (buffer->end + length <= buffer->capacity)
		return true;
	if (buffer->start > 0)
	{
		memmove(buffer->bytes, buffer->bytes + buffer->start, kept);
		buffer->open -= buffer->start;
		buffer->start = 0;
		buffer->end = kept;
		if (kept + length <= buffer->capacity)
			return true;
	}
	while (capacity < kept + length)
		capacity *= 2;
	bytes = realloc(buffer->bytes, capacity);
	if (bytes == NULL)
		return false;
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return true;
}

static void
put(FrameBuffer *buffer, const void *bytes, size_t length)
{
	if (buffer->failed)
		return;
	if (length > FRAME_MAX_LENGTH || buffer->end - buffer->open + length > FRAME_HEAD_SIZE + FRAME_MAX_LENGTH ||
		!make_room(buffer, length))
	{
		buffer->failed = true;
		return;
	}
	if (length > 0)
		memcpy(buffer->bytes + buffer->end, bytes, length);
	buffer->end += length;
}

void
respond_frame_begin(FrameBuffer *buffer, FrameKind kind, uint64_t request)
{
	FrameHead	head = {0, kind, request};

	buffer->failed = false;
	buffer->open = buffer->end;
	put(buffer, &head, sizeof(head));
}

void
respond_frame_put_number(FrameBuffer *buffer, uint64_t number)
{
	put(buffer, &number, sizeof(number));
}

void
respond_frame_put_text(FrameBuffer *buffer, const char *bytes, size_t length)
{
	uint64_t	size = length;

	put(buffer, &size, sizeof(size));
	put(buffer, bytes, length);
}

void
respond_frame_put_bytes(FrameBuffer *buffer, const char *bytes, size_t length)
{
	put(buffer, bytes, length);
}

void
respond_frame_put_string(FrameBuffer *buffer, const char *string)
{
	respond_frame_put_text(buffer, string, strlen(string));
}

bool
respond_frame_end(FrameBuffer *buffer)
{
	uint32_t	length = buffer->end - buffer->open - FRAME_HEAD_SIZE;

	if (buffer->failed)
	{
		buffer->end = buffer->open;
		return false;
	}
	memcpy(buffer->bytes + buffer->open + offsetof(FrameHead, length), &length, sizeof(length));
	return true;
}

void
respond_frame_sent(FrameBuffer *buffer, size_t length)
{
	buffer->start += length;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = buffer->open = 0;
}

void
respond_frame_free(FrameBuffer *buffer)
{
	free(buffer->bytes);
	memset(buffer, 0, sizeof(*buffer));
}

FrameVerdict
respond_frame_find(const char *bytes, size_t length, Frame *frame, size_t *used)
{
	FrameHead	head;

	if (length < sizeof(head))
		return FRAME_MORE;
	memcpy(&head, bytes, sizeof(head));
	if (head.length > FRAME_MAX_LENGTH || head.kind == 0 || head.kind > FRAME_LAST_KIND)
		return FRAME_BROKEN;
	if (length - sizeof(head) < head.length)
		return FRAME_MORE;
	frame->kind = head.kind;
	frame->request = head.request;
	frame->bytes = bytes + sizeof(head);
	frame->left = head.length;
	frame->broken = false;
	*used = sizeof(head) + head.length;
	return FRAME_WHOLE;
}

uint64_t
respond_frame_get_number(Frame *frame)
{
	uint64_t	number;

	if (frame->broken || frame->left < sizeof(number))
	{
		frame->broken = true;
		return 0;
	}
	memcpy(&number, frame->bytes, sizeof(number));
	frame->bytes += sizeof(number);
	frame->left -= sizeof(number);
	return number;
}

FrameText
respond_frame_get_text(Frame *frame)
{
	uint64_t	length = respond_frame_get_number(frame);
	FrameText	text = {"", 0};

	if (frame->broken || length > frame->left)
	{
		frame->broken = true;
		return text;
	}
	text.bytes = frame->bytes;
	text.length = length;
	frame->bytes += length;
	frame->left -= length;
	return text;
}

bool
respond_frame_is_done(const Frame *frame)
{
	return !frame->broken && frame->left == 0;
}
