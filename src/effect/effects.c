/*-------------------------------------------------------------------------
 * effects.c
 *	  The buffer of effects: its life, events and audit rows.
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

#include "commands/sequence.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "audit/mask.h"
#include "common/partition_write.h"
#include "effect/effects.h"
#include "event/batch_origin.h"
#include "event/event_context.h"

/* Memory at which the buffer is written before the batch ends. */
#define LARGE_BUFFER	((Size) 32 * 1024 * 1024)

/* A growing array of rows. */
typedef struct Rows
{
	void	   *rows;
	int			count;
	int			size;
} Rows;

/* A line of the audit log about a buffered event, whose id comes with the flush. */
typedef struct Emit
{
	int			event;			/* place in events */
	int			audit;			/* place in audits */
} Emit;

static MemoryContext effects_context;	/* NULL until the first use in a process */
static Rows events;				/* of NewEvent */
static Rows audits;				/* of AuditRow */
static Rows emits;				/* of Emit */
static List *teams;				/* names that were found to exist */
static int64 last_origin;		/* run that was made known last */

MemoryContext
respond_effects_context(void)
{
	if (effects_context == NULL)
		effects_context = AllocSetContextCreate(TopMemoryContext, "pg_respond effects",
												ALLOCSET_DEFAULT_SIZES);
	return effects_context;
}

/* Forgets the rows, wherever they are; runs stay known to the triggers. */
static void
forget_rows(void)
{
	memset(&events, 0, sizeof(events));
	memset(&audits, 0, sizeof(audits));
	memset(&emits, 0, sizeof(emits));
	teams = NIL;
	respond_runs_forget();
	respond_tickets_forget();
	respond_deliveries_forget();
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
	last_origin = 0;
}

static void
set_object_id(AuditRow *row, int64 id)
{
	row->object_id = id == 0 ? NULL :
		MemoryContextStrdup(respond_effects_context(), psprintf(INT64_FORMAT, id));
}

static void
flush_events(void)
{
	NewEvent   *written = events.rows;
	AuditRow   *lines = audits.rows;
	Emit	   *pairs = emits.rows;

	if (events.count == 0)
		return;
	respond_event_write(written, events.count);
	for (int i = 0; i < emits.count; i++)
		set_object_id(&lines[pairs[i].audit], written[pairs[i].event].id);
}

/*
 * Tickets go first: their triggers write events and audit rows themselves, and
 * those shall stand before what came after.  Triggers ask the origin of each
 * row; no run may stand in the context meanwhile, not even the one that is
 * going on.
 */
void
respond_effects_flush(void)
{
	EventContext none = {0};
	EventContext before = respond_event_context_set(none);

	PG_TRY();
	{
		respond_tickets_flush();
		flush_events();
		if (audits.count > 0)
			respond_audit_write(audits.rows, audits.count);
		respond_runs_flush();
		respond_deliveries_flush();
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

/* The workers own the sequences; in other sessions no flow is run. */
int64
respond_effects_next_id(const char *sequence)
{
	return nextval_internal(respond_relation_oid("respond", sequence), false);
}

void
respond_effects_note_origin(const FlowRun *run)
{
	if (run->run_id == last_origin)
		return;
	respond_batch_origin_add(run->event != NULL ? run->event->id : 0, run->run_id, run->rule,
							 run->event != NULL ? run->event->depth : 0);
	last_origin = run->run_id;
}

bool
respond_effects_knows_team(const char *name)
{
	ListCell   *cell;

	foreach(cell, teams)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* A few are enough: a batch seldom names more. */
void
respond_effects_note_team(const char *name)
{
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());

	if (list_length(teams) < 16)
		teams = lappend(teams, pstrdup(name));
	MemoryContextSwitchTo(caller);
}

static void *
add_row(Rows *rows, Size width)
{
	if (rows->count == rows->size)
	{
		int			size = Max(64, rows->size * 2);
		void	   *grown = MemoryContextAllocHuge(respond_effects_context(), size * width);

		if (rows->count > 0)
			memcpy(grown, rows->rows, rows->count * width);
		rows->rows = grown;
		rows->size = size;
	}
	return (char *) rows->rows + rows->count++ * width;
}

static char *
rule_actor(const FlowRun *run)
{
	return MemoryContextStrdup(respond_effects_context(), psprintf("rule:%s", run->rule));
}

static AuditRow *
add_audit(const FlowRun *run, const char *action, const char *object_type, Jsonb *new)
{
	AuditRow   *row = add_row(&audits, sizeof(AuditRow));

	memset(row, 0, sizeof(*row));
	row->actor = rule_actor(run);
	row->action = action;
	row->object_type = object_type;
	row->event_id = run->event != NULL ? run->event->id : 0;
	row->run_id = run->run_id;
	row->rule = respond_effects_copy_text(run->rule);
	row->new = respond_effects_copy_jsonb(new);
	return row;
}

void
respond_effects_audit(const FlowRun *run, const char *action, const char *object_type,
					  int64 object_id, Jsonb *new)
{
	set_object_id(add_audit(run, action, object_type, new), object_id);
}

static void
buffer_event(const NewEvent *event)
{
	NewEvent   *row = add_row(&events, sizeof(NewEvent));

	*row = *event;
	row->type = respond_effects_copy_text(event->type);
	row->source = respond_effects_copy_text(event->source);
	row->subject = respond_effects_copy_text(event->subject);
	row->key = respond_effects_copy_text(event->key);
	row->data = respond_effects_copy_jsonb(event->data);
}

int64
respond_effects_emit(const FlowRun *run, const NewEvent *event, bool now, Jsonb *audit)
{
	NewEvent	row = *event;

	row.id = 0;
	row.cause = run->event != NULL ? run->event->id : 0;
	row.depth = run->event != NULL ? run->event->depth + 1 : 1;
	row.actor = rule_actor(run);
	row.producer = run->owner;
	if (now)
		respond_event_write(&row, 1);
	else
		buffer_event(&row);
	if (audit != NULL)
	{
		AuditRow   *line = add_audit(run, "rule.emit", "event", audit);

		if (now)
			set_object_id(line, row.id);
		else
		{
			Emit	   *pair = add_row(&emits, sizeof(Emit));

			pair->event = events.count - 1;
			pair->audit = audits.count - 1;
		}
	}
	return row.id;
}
