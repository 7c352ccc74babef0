/*-------------------------------------------------------------------------
 * effect_memory.c
 *	  Where buffered effects live.
 *
 * src/effect/effect_memory.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/sequence.h"
#include "utils/memutils.h"

#include "common/grow.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "effect/effect_memory.h"

static MemoryContext effects_context;	/* NULL until the first use in a process */

MemoryContext
respond_effects_context(void)
{
	if (effects_context == NULL)
		effects_context = AllocSetContextCreate(TopMemoryContext, "pg_respond effects",
												ALLOCSET_DEFAULT_SIZES);
	return effects_context;
}

char *
respond_effects_copy_text(const char *text)
{
	return text != NULL ? MemoryContextStrdup(respond_effects_context(), text) : NULL;
}

Jsonb *
respond_effects_copy_jsonb(Jsonb *value)
{
	Jsonb	   *copy;

	if (value == NULL)
		return NULL;
	copy = MemoryContextAlloc(respond_effects_context(), VARSIZE(value));
	memcpy(copy, value, VARSIZE(value));
	return copy;
}

void *
respond_effects_add_row(EffectRows *rows, Size width)
{
	rows->rows = respond_grow(respond_effects_context(), rows->rows, rows->count, &rows->size, width);
	return (char *) rows->rows + rows->count++ * width;
}

/* The workers own the sequences; in other sessions no flow is run. */
int64
respond_effects_next_id(const char *sequence)
{
	return nextval_internal(respond_relation_oid("respond", sequence), false);
}
