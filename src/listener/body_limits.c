/*-------------------------------------------------------------------------
 * body_limits.c
 *	  How large bodies may be, by path.
 *
 * src/listener/body_limits.c
 *-------------------------------------------------------------------------
 */
#include "listener/body_limits.h"

#include <stdlib.h>
#include <string.h>

#include "companion/protocol.h"

static int
compare_paths(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int			order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int
compare_limits(const void *a, const void *b)
{
	const BodyLimit *one = a;
	const BodyLimit *other = b;

	return compare_paths(one->path, one->length, other->path, other->length);
}

static uint64_t
bounded(uint64_t bytes)
{
	return bytes < BODY_LIMIT_HIGHEST ? bytes : BODY_LIMIT_HIGHEST;
}

void
respond_body_limits_free(BodyLimits *limits)
{
	for (int i = 0; i < limits->count; i++)
		free(limits->limits[i].path);
	free(limits->limits);
	*limits = (BodyLimits) {.others = BODY_LIMIT_DEFAULT};
}

/* The next exception of the frame; false: there is no memory for it. */
static bool
read_limit(BodyLimit *limit, Frame *frame)
{
	FrameText	path = respond_frame_get_text(frame);

	limit->bytes = bounded(respond_frame_get_number(frame));
	while (path.length > 0 && path.bytes[path.length - 1] == '/')
		path.length--;
	limit->length = path.length;
	limit->path = malloc(path.length + 1);
	if (limit->path != NULL && path.length > 0)
		memcpy(limit->path, path.bytes, path.length);
	return limit->path != NULL;
}

bool
respond_body_limits_read(BodyLimits *limits, Frame *frame)
{
	uint64_t	others = respond_frame_get_number(frame);
	uint64_t	count = respond_frame_get_number(frame);
	BodyLimits	read = {.others = bounded(others)};

	if (frame->broken || count > PROTOCOL_MAX_EXCEPTIONS)
		return false;
	read.limits = malloc(sizeof(BodyLimit) * (count + 1));
	while (read.limits != NULL && read.count < (int) count && !frame->broken)
		if (read_limit(&read.limits[read.count], frame))
			read.count++;
		else
			break;
	if (read.limits == NULL || read.count < (int) count || !respond_frame_is_done(frame))
	{
		respond_body_limits_free(&read);
		return false;
	}
	qsort(read.limits, read.count, sizeof(BodyLimit), compare_limits);
	respond_body_limits_free(limits);
	*limits = read;
	return true;
}

static const BodyLimit *
find(const BodyLimits *limits, const char *path, size_t length)
{
	int			low = 0;
	int			high = limits->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const BodyLimit *limit = &limits->limits[middle];
		int			order = compare_paths(path, length, limit->path, limit->length);

		if (order == 0)
			return limit;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

uint64_t
respond_body_limits_of(const BodyLimits *limits, const char *path, size_t length)
{
	while (limits->count > 0)
	{
		const BodyLimit *limit = find(limits, path, length);

		if (limit != NULL)
			return limit->bytes;
		if (length == 0)
			break;
		do
			length--;
		while (length > 0 && path[length] != '/');
	}
	return limits->others;
}
