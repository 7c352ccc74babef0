/*-------------------------------------------------------------------------
 * effect_memory.h
 *	  Where buffered effects live.
 *
 * src/effect/effect_memory.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EFFECT_MEMORY_H
#define RESPOND_EFFECT_MEMORY_H

#include "utils/jsonb.h"

/* The memory context of the buffer; emptied when it is written or forgotten. */
extern MemoryContext respond_effects_context(void);

/* Copies into it; NULL gives NULL. */
extern char *respond_effects_copy_text(const char *text);
extern Jsonb *respond_effects_copy_jsonb(Jsonb *value);

/* A growing array of rows in it; all zero when empty. */
typedef struct EffectRows
{
	void	   *rows;
	int			count;
	int			size;
} EffectRows;

/* Room for one more row of this width, whose bytes are not set. */
extern void *respond_effects_add_row(EffectRows *rows, Size width);

/* The next number of a sequence of ours. */
extern int64 respond_effects_next_id(const char *sequence);

#endif							/* RESPOND_EFFECT_MEMORY_H */
