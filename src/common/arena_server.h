/*-------------------------------------------------------------------------
 * arena_server.h
 *	  An arena whose blocks belong to a memory context.
 *
 * src/common/arena_server.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ARENA_SERVER_H
#define RESPOND_ARENA_SERVER_H

#include "utils/palloc.h"

#include "common/arena.h"

/*
 * Deleting or resetting the context frees the arena as well; after that it
 * must not be touched, not even to destroy it.
 */
extern Arena *respond_arena_create_in(MemoryContext context);

/* The same for what takes a source and makes its own arenas. */
extern ArenaSource respond_arena_source_in(MemoryContext context);

#endif							/* RESPOND_ARENA_SERVER_H */
