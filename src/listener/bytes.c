/*-------------------------------------------------------------------------
 * bytes.c
 *	  Bytes that grow, within the budget.
 *
 * src/listener/bytes.c
 *-------------------------------------------------------------------------
 */
#include "listener/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "listener/budget.h"

#define FIRST_CAPACITY	512

bool
respond_bytes_room(Bytes *bytes, size_t more)
{
	size_t		capacity = bytes->capacity > 0 ? bytes->capacity : FIRST_CAPACITY;
	char	   *grown;

	if (more <= bytes->capacity - bytes->length)
		return true;
	while (capacity - bytes->length < more)
		capacity *= 2;
	if (!respond_budget_take(capacity - bytes->capacity))
		return false;
	grown = realloc(bytes->bytes, capacity);
	if (grown == NULL)
	{
		respond_budget_give(capacity - bytes->capacity);
		return false;
	}
	bytes->bytes = grown;
	bytes->capacity = capacity;
	return true;
}

bool
respond_bytes_add(Bytes *bytes, const char *more, size_t length)
{
	if (!respond_bytes_room(bytes, length))
		return false;
	if (length > 0)
		memcpy(bytes->bytes + bytes->length, more, length);
	bytes->length += length;
	return true;
}

void
respond_bytes_drop(Bytes *bytes, size_t length)
{
	bytes->length -= length;
	if (bytes->length == 0)
		respond_bytes_free(bytes);
	else
		memmove(bytes->bytes, bytes->bytes + length, bytes->length);
}

void
respond_bytes_free(Bytes *bytes)
{
	respond_budget_give(bytes->capacity);
	free(bytes->bytes);
	memset(bytes, 0, sizeof(*bytes));
}
