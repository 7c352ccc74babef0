/*-------------------------------------------------------------------------
 * emit_write.c
 *	  Events and lines of the audit log in the buffer of effects.
 *
 * src/effect/emit_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "audit/audit_write.h"
#include "effect/effect_memory.h"
#include "effect/emit_write.h"

/* A line of the audit log about a buffered event, whose id comes with the flush. */
typedef struct Emit
{
	int			event;			/* place in events */
	int			audit;			/* place in audits */
} Emit;

static EffectRows events;		/* of NewEvent */
static EffectRows audits;		/* of AuditRow */
static EffectRows emits;		/* of Emit */

static void
set_object_id(AuditRow *row, int64 id)
{
	row->object_id = id == 0 ? NULL :
		MemoryContextStrdup(respond_effects_context(), psprintf(INT64_FORMAT, id));
}

static char *
rule_actor(const FlowRun *run)
{
	return MemoryContextStrdup(respond_effects_context(), psprintf("rule:%s", run->rule));
}

static AuditRow *
add_audit(const FlowRun *run, const char *action, const char *object_type, Jsonb *new)
{
	AuditRow   *row = respond_effects_add_row(&audits, sizeof(AuditRow));

	memset(row, 0, sizeof(*row));
	row->actor = rule_actor(run);
	row->action = action;
	row->object_type = object_type;
	row->event_id = respond_run_cause(run);
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
	NewEvent   *row = respond_effects_add_row(&events, sizeof(NewEvent));

	*row = *event;
	row->type = respond_effects_copy_text(event->type);
	row->source = respond_effects_copy_text(event->source);
	row->subject = respond_effects_copy_text(event->subject);
	row->key = respond_effects_copy_text(event->key);
	row->data = respond_effects_copy_jsonb(event->data);
}

bool
respond_emits_buffered(void)
{
	return events.count > 0;
}

int64
respond_effects_emit(const FlowRun *run, const NewEvent *event, bool now, Jsonb *audit)
{
	NewEvent	row = *event;

	row.id = 0;
	row.cause = respond_run_cause(run);
	row.depth = respond_run_depth(run) + 1;
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
			Emit	   *pair = respond_effects_add_row(&emits, sizeof(Emit));

			pair->event = events.count - 1;
			pair->audit = audits.count - 1;
		}
	}
	return row.id;
}

void
respond_emits_flush(void)
{
	NewEvent   *written = events.rows;
	AuditRow   *lines = audits.rows;
	Emit	   *pairs = emits.rows;

	if (events.count > 0)
		respond_event_write(written, events.count);
	for (int i = 0; i < emits.count; i++)
		set_object_id(&lines[pairs[i].audit], written[pairs[i].event].id);
	if (audits.count > 0)
		respond_audit_write(audits.rows, audits.count);
}

void
respond_emits_forget(void)
{
	memset(&events, 0, sizeof(events));
	memset(&audits, 0, sizeof(audits));
	memset(&emits, 0, sizeof(emits));
}
