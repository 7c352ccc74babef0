/*-------------------------------------------------------------------------
 * json_reader.h
 *	  JSON text to JsonValue, for unit tests and fuzzers.
 *
 * test/unit/json_reader.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_READER_H
#define RESPOND_JSON_READER_H

#include "common/arena.h"
#include "common/json_value.h"

/* Arrays and objects within each other. */
#define JSON_READER_MAX_DEPTH 512

/*
 * The value that text holds, allocated in arena; NULL if text is not one JSON
 * value (RFC 8259).  Like jsonb it refuses \u0000, and a later member replaces
 * an earlier one of the same name.  Unlike jsonb it keeps the order of members
 * and the text of numbers.
 */
extern JsonValue *json_read(Arena *arena, const char *text, size_t length);

#endif							/* RESPOND_JSON_READER_H */
