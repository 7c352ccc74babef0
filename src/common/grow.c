/*-------------------------------------------------------------------------
 * grow.c
 *	  Arrays that grow, in the server's memory.
 *
 * src/common/grow.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/grow.h"

#define ROOM_FIRST		16

void *
respond_grow(MemoryContext context, void *array, int count, int *room, Size size)
{
	int			larger = Max(ROOM_FIRST, *room * 2);

	if (array != NULL && count < *room)
		return array;
	array = array == NULL ? MemoryContextAllocHuge(context, size * larger) : repalloc_huge(array, size * larger);
	*room = larger;
	return array;
}
