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

#include "wire/bytes_read.h"

/* "p" and the list in hex; behind it the key in hex. */
#define HEAD_LENGTH		9

const char *
respond_page_mark_write(Arena *arena, const char *key, uint32_t list)
{
	size_t		length = strlen(key);
	char	   *mark = respond_arena_alloc(arena, HEAD_LENGTH + 2 * length + 1);

	snprintf(mark, HEAD_LENGTH + 1, "p%08" PRIx32, list);
	for (size_t i = 0; i < length; i++)
		snprintf(mark + HEAD_LENGTH + 2 * i, 3, "%02x", (unsigned char) key[i]);
	return mark;
}

const char *
respond_page_mark_read(Arena *arena, const char *mark, uint32_t list)
{
	size_t		length = strlen(mark);
	char		head[HEAD_LENGTH + 1];
	char	   *key;
	size_t		count;

	snprintf(head, sizeof(head), "p%08" PRIx32, list);
	if (length <= HEAD_LENGTH || strncmp(mark, head, HEAD_LENGTH) != 0)
		return NULL;
	key = respond_arena_alloc(arena, (length - HEAD_LENGTH) / 2 + 1);
	if (!respond_hex_read(mark + HEAD_LENGTH, length - HEAD_LENGTH, (unsigned char *) key, &count) ||
		memchr(key, '\0', count) != NULL)
		return NULL;
	key[count] = '\0';
	return key;
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
