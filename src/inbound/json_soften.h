/*-------------------------------------------------------------------------
 * json_soften.h
 *	  JSON that is legal, in a form that jsonb can hold.
 *
 * It builds without a server.
 *
 * src/inbound/json_soften.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_JSON_SOFTEN_H
#define RESPOND_JSON_SOFTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/*
 * The text, which is UTF-8, with U+FFFD in place of each \u0000 and each half of a
 * surrogate pair that stands alone: no text of the server can hold these.
 * decode: \u escapes beyond ASCII become the characters themselves, so that
 * recoding finds them.  *length: of the text, then of the result, behind which
 * stands a NUL.  What is not legal JSON is not made so.
 */
extern const char *respond_json_soften(Arena *arena, const char *text, size_t *length, bool decode);

#endif							/* RESPOND_JSON_SOFTEN_H */
