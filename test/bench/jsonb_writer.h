/*-------------------------------------------------------------------------
 * jsonb_writer.h
 *	  Writes a JSON tree in the stored form of jsonb; for benchmarks that run
 *	  without a server.
 *
 * test/bench/jsonb_writer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSONB_WRITER_H
#define RESPOND_JSONB_WRITER_H

#include "common/arena.h"
#include "common/json_value.h"

/* A JsonbContainer of an object or an array, aligned, with its size. */
extern void *jsonb_write(Arena *arena, const JsonValue *value, size_t *size);

#endif							/* RESPOND_JSONB_WRITER_H */
