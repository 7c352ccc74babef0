/*-------------------------------------------------------------------------
 * arena.c
 *	  Region allocator for the parts of pg_respond that build without a server.
 *
 * Blocks double in size up to a bound; a request larger than a quarter of a
 * block gets a block of its own, so that little is wasted at block ends.
 * No server header is included here on purpose: see arena.h.
 *
 * src/common/arena.c
 *-------------------------------------------------------------------------
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST_BLOCK	((size_t) 4096)
#define ARENA_LARGEST_BLOCK	((size_t) 1024 * 1024)
#define ARENA_ALIGN(size)	(((size) + 15) & ~(size_t) 15)

typedef struct ArenaBlock
{
	struct ArenaBlock *next;
	size_t		capacity;		/* usable bytes behind the header */
	size_t		used;
	size_t		padding;		/* keeps the header a multiple of 16 */
} ArenaBlock;

struct Arena
{
	ArenaSource source;
	ArenaBlock *blocks;			/* the one being filled is first */
	size_t		next_capacity;
	size_t		total;
};

static void *
allocate_from_heap(void *owner, size_t size)
{
	void	   *block = malloc(size);

	(void) owner;
	if (block == NULL)
		abort();
	return block;
}

static void
release_to_heap(void *owner, void *block)
{
	(void) owner;
	free(block);
}

const ArenaSource respond_arena_malloc_source = {allocate_from_heap, release_to_heap, NULL};

static ArenaBlock *
add_block(Arena *arena, size_t capacity)
{
	ArenaBlock *block;

	if (capacity > SIZE_MAX - sizeof(ArenaBlock))
		abort();
	block = arena->source.allocate(arena->source.owner, sizeof(ArenaBlock) + capacity);
	block->capacity = capacity;
	block->used = 0;
	arena->total += sizeof(ArenaBlock) + capacity;
	return block;
}

Arena *
respond_arena_create(const ArenaSource *source)
{
	Arena	   *arena = source->allocate(source->owner, sizeof(Arena));

	arena->source = *source;
	arena->next_capacity = ARENA_FIRST_BLOCK;
	arena->total = 0;
	arena->blocks = add_block(arena, arena->next_capacity);
	arena->blocks->next = NULL;
	return arena;
}

static void
release_blocks(Arena *arena, ArenaBlock *keep)
{
	ArenaBlock *block = arena->blocks;

	while (block != NULL)
	{
		ArenaBlock *next = block->next;

		if (block != keep)
		{
			arena->total -= sizeof(ArenaBlock) + block->capacity;
			arena->source.release(arena->source.owner, block);
		}
		block = next;
	}
}

void
respond_arena_destroy(Arena *arena)
{
	release_blocks(arena, NULL);
	arena->source.release(arena->source.owner, arena);
}

void
respond_arena_reset(Arena *arena)
{
	ArenaBlock *oldest = arena->blocks;

	while (oldest->next != NULL)
		oldest = oldest->next;
	release_blocks(arena, oldest);
	oldest->used = 0;
	arena->blocks = oldest;
	arena->next_capacity = ARENA_FIRST_BLOCK;
}

void *
respond_arena_alloc(Arena *arena, size_t size)
{
	ArenaBlock *current = arena->blocks;
	void	   *result;

	if (size > SIZE_MAX / 2)
		abort();
	size = ARENA_ALIGN(size);
	if (size > current->capacity - current->used)
	{
		if (size > arena->next_capacity / 4)
		{
			/* Its own block, put behind the one being filled. */
			ArenaBlock *single = add_block(arena, size);

			single->used = size;
			single->next = current->next;
			current->next = single;
			return single + 1;
		}
		if (arena->next_capacity < ARENA_LARGEST_BLOCK)
			arena->next_capacity *= 2;
		current = add_block(arena, arena->next_capacity);
		current->next = arena->blocks;
		arena->blocks = current;
	}
	result = (char *) (current + 1) + current->used;
	current->used += size;
	return result;
}

void *
respond_arena_alloc_zero(Arena *arena, size_t size)
{
	return memset(respond_arena_alloc(arena, size), 0, size);
}

char *
respond_arena_copy(Arena *arena, const char *bytes, size_t length)
{
	char	   *copy = respond_arena_alloc(arena, length + 1);

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

size_t
respond_arena_size(const Arena *arena)
{
	return arena->total;
}
