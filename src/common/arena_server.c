/*-------------------------------------------------------------------------
 * arena_server.c
 *	  An arena whose blocks belong to a memory context.
 *
 * An ERROR unwinds past the code that would destroy an arena, so inside the
 * server every block is memory of a context, which the abort frees.
 *
 * src/common/arena_server.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/arena_server.h"

static void *
allocate_in_context(void *owner, size_t size)
{
	return MemoryContextAlloc((MemoryContext) owner, size);
}

static void
release_in_context(void *owner, void *block)
{
	pfree(block);
}

ArenaSource
respond_arena_source_in(MemoryContext context)
{
	ArenaSource source = {allocate_in_context, release_in_context, context};

	return source;
}

Arena *
respond_arena_create_in(MemoryContext context)
{
	ArenaSource source = respond_arena_source_in(context);

	return respond_arena_create(&source);
}
