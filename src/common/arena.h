/*-------------------------------------------------------------------------
 * arena.h
 *	  Region allocator for the parts of pg_respond that build without a server.
 *
 * The pattern compiler and the template engine run inside the server, in unit
 * tests and in fuzzers.  They allocate from an arena: everything that belongs
 * to one compiled object is freed together.  Inside the server an arena hangs
 * on a memory context, so an ERROR frees it; elsewhere it uses malloc.
 *
 * src/common/arena.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ARENA_H
#define RESPOND_ARENA_H

#include <stddef.h>

typedef struct Arena Arena;

/*
 * Where an arena gets its blocks.  allocate must not return NULL inside the
 * server (it raises instead); elsewhere the arena aborts the process on NULL,
 * because the callers are tests.
 */
typedef struct ArenaSource
{
	void	   *(*allocate) (void *owner, size_t size);
	void		(*release) (void *owner, void *block);
	void	   *owner;
} ArenaSource;

extern Arena *respond_arena_create(const ArenaSource *source);
extern void respond_arena_destroy(Arena *arena);

/* Frees everything allocated so far but keeps the first block. */
extern void respond_arena_reset(Arena *arena);

/* Uninitialised memory, aligned for any type. */
extern void *respond_arena_alloc(Arena *arena, size_t size);
extern void *respond_arena_alloc_zero(Arena *arena, size_t size);

/* Copy of length bytes with a terminating NUL behind them. */
extern char *respond_arena_copy(Arena *arena, const char *bytes, size_t length);

/* Bytes obtained from the source, for limits and memory reports. */
extern size_t respond_arena_size(const Arena *arena);

/* malloc and free; for unit tests and fuzzers. */
extern const ArenaSource respond_arena_malloc_source;

#endif							/* RESPOND_ARENA_H */
