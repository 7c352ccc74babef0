/*-------------------------------------------------------------------------
 * effects.c
 *	  The life of the buffer of effects.
 *
 * The buffer belongs to a transaction, or to a subtransaction that the
 * dispatcher opens for one event.  It is written before that ends and before
 * SQL that could look at what it holds.  After a rollback it is forgotten;
 * nothing in it has side effects of its own but numbers taken from sequences.
 *
 * src/effect/effects.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "audit/mask.h"
#include "effect/decision_write.h"
#include "effect/delivery_write.h"
#include "effect/effect_memory.h"
#include "effect/effects.h"
#include "effect/emit_write.h"
#include "effect/run_write.h"
#include "effect/ticket_write.h"
#include "event/batch_origin.h"
#include "event/event_context.h"
#include "timer/timer.h"
#include "wait/wait_rows.h"

/* Memory at which the buffer is written before the batch ends. */
#define LARGE_BUFFER	((Size) 32 * 1024 * 1024)

typedef struct EffectKind
{
	void		(*flush) (void);
	void		(*forget) (void);
} EffectKind;

/*
 * In the order in which they are written.  Tickets go first: their triggers write
 * events and audit rows themselves, and those shall stand before what came after.
 */
static const EffectKind kinds[] = {
	{respond_tickets_flush, respond_tickets_forget},
	{respond_emits_flush, respond_emits_forget},
	{respond_runs_flush, respond_runs_forget},
	{respond_deliveries_flush, respond_deliveries_forget},
	{respond_timers_flush, respond_timers_discard},
	{respond_waits_flush, respond_waits_discard},
	{respond_decisions_flush, respond_decisions_forget},
};

/* Forgets the rows, wherever they are; runs stay known to the triggers. */
static void
forget_rows(void)
{
	for (int i = 0; i < lengthof(kinds); i++)
		kinds[i].forget();
	MemoryContextReset(respond_effects_context());
}

void
respond_effects_begin(void)
{
	respond_effects_discard();
}

void
respond_effects_discard(void)
{
	forget_rows();
	respond_batch_origin_reset();
	respond_mask_forget_events();
}

/*
 * Triggers ask the origin of each row; no run may stand in the context meanwhile,
 * not even the one that is going on.
 */
void
respond_effects_flush(void)
{
	EventContext none = {0};
	EventContext before = respond_event_context_set(none);

	PG_TRY();
	{
		for (int i = 0; i < lengthof(kinds); i++)
			kinds[i].flush();
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
	forget_rows();
}

void
respond_effects_keep_small(void)
{
	if (MemoryContextMemAllocated(respond_effects_context(), false) > LARGE_BUFFER)
		respond_effects_flush();
}
