/*-------------------------------------------------------------------------
 * page_mark.c
 *	  Where a page of a list ends, as a text that means nothing to callers.
 *
 * It is no secret, and a forged one shows nothing: what it leads to is asked for with the
 * same rights as everything else.
 *
 * src/rest/page_mark.c
 *-------------------------------------------------------------------------
 */
#include "rest/page_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MARK_LENGTH		25

void
respond_page_mark_write(int64_t last_id, uint32_t list, char *mark)
{
	snprintf(mark, PAGE_MARK_SIZE, "p%016" PRIx64 "%08" PRIx32, (uint64_t) last_id, list);
}

bool
respond_page_mark_read(const char *mark, uint32_t list, int64_t *last_id)
{
	uint64_t	id;
	uint32_t	found;

	if (strlen(mark) != MARK_LENGTH || mark[0] != 'p' || strspn(mark + 1, "0123456789abcdef") != MARK_LENGTH - 1 ||
		sscanf(mark, "p%16" SCNx64 "%8" SCNx32, &id, &found) != 2)
		return false;
	*last_id = (int64_t) id;
	return found == list;
}

/* FNV-1a, with the NUL. */
uint32_t
respond_page_list(uint32_t list, const char *text)
{
	uint32_t	hash = list == 0 ? 2166136261u : list;

	do
	{
		hash ^= (unsigned char) *text;
		hash *= 16777619u;
	} while (*text++ != '\0');
	return hash;
}
