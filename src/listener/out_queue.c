/*-------------------------------------------------------------------------
 * out_queue.c
 *	  Bytes that wait until their caller takes them; many callers may wait for the same.
 *
 * src/listener/out_queue.c
 *-------------------------------------------------------------------------
 */
#include "listener/out_queue.h"

#include <stdlib.h>
#include <string.h>

#include "listener/budget.h"

#define FIRST_CAPACITY	4

SharedBytes *
respond_shared_bytes(size_t length)
{
	SharedBytes *shared = NULL;

	if (respond_budget_take(length))
	{
		shared = malloc(sizeof(SharedBytes) + length);
		if (shared == NULL)
			respond_budget_give(length);
	}
	if (shared != NULL)
	{
		shared->length = length;
		shared->holders = 1;
	}
	return shared;
}

void
respond_shared_bytes_drop(SharedBytes *shared)
{
	if (--shared->holders > 0)
		return;
	respond_budget_give(shared->length);
	free(shared);
}

/* A place behind the last part, or NULL. */
static OutPart *
new_part(OutQueue *queue)
{
	if (queue->first > 0 && queue->first + queue->count == queue->capacity)
	{
		memmove(queue->parts, queue->parts + queue->first, sizeof(OutPart) * queue->count);
		queue->first = 0;
	}
	if (queue->count == queue->capacity)
	{
		int			capacity = queue->capacity > 0 ? queue->capacity * 2 : FIRST_CAPACITY;
		OutPart    *parts = realloc(queue->parts, sizeof(OutPart) * capacity);

		if (parts == NULL)
			return NULL;
		queue->parts = parts;
		queue->capacity = capacity;
	}
	return &queue->parts[queue->first + queue->count];
}

bool
respond_out_queue_add(OutQueue *queue, SharedBytes *shared, size_t start, size_t end)
{
	OutPart    *part;

	if (start == end)
		return true;
	part = new_part(queue);
	if (part == NULL)
		return false;
	shared->holders++;
	*part = (OutPart) {shared, start, end};
	queue->count++;
	queue->waiting += end - start;
	return true;
}

void
respond_out_queue_free(OutQueue *queue)
{
	for (int i = 0; i < queue->count; i++)
		respond_shared_bytes_drop(queue->parts[queue->first + i].shared);
	free(queue->parts);
	memset(queue, 0, sizeof(*queue));
}

void
respond_out_queue_wrote(OutQueue *queue, size_t length)
{
	queue->waiting -= length;
	while (length > 0)
	{
		OutPart    *part = &queue->parts[queue->first];
		size_t		size = part->end - part->start;

		if (length < size)
		{
			part->start += length;
			queue->begun = true;
			return;
		}
		length -= size;
		respond_shared_bytes_drop(part->shared);
		queue->first++;
		queue->count--;
		queue->begun = false;
	}
	if (queue->count == 0)
		respond_out_queue_free(queue);
}

void
respond_out_queue_cut(OutQueue *queue, size_t promised)
{
	size_t		kept = 0;
	int			count = 0;

	while (count < queue->count && (kept < promised || (count == 0 && queue->begun)))
	{
		const OutPart *part = &queue->parts[queue->first + count++];

		kept += part->end - part->start;
	}
	while (queue->count > count)
		respond_shared_bytes_drop(queue->parts[queue->first + --queue->count].shared);
	queue->waiting = kept;
	if (queue->count == 0)
		respond_out_queue_free(queue);
}
