/*-------------------------------------------------------------------------
 * recorder.c
 *	  What a change of a ticket leaves behind: events, audit rows, history.
 *
 * The desk's statement triggers hand over one row of their transition table
 * after the other; this collects and writes in groups, so that a thousand
 * tickets cost a few visits to each table.  Neither plans nor privileges are
 * involved: an agent who may change tickets needs no rights on what records it.
 *
 * src/desk/recorder.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/partition_write.h"
#include "desk/recorder.h"
#include "desk/reference.h"
#include "event/batch_origin.h"
#include "event/event_context.h"
#include "event/event_write.h"

/* What has come together is written at this many rows of the statement, or bytes of documents. */
#define GROUP_ROWS		500
#define GROUP_BYTES		(4 * 1024 * 1024)

/* Columns of respond.ticket_history, in their order. */
enum
{
	HISTORY_ID,
	HISTORY_TICKET_ID,
	HISTORY_AT,
	HISTORY_ACTOR,
	HISTORY_FIELD,
	HISTORY_OLD,
	HISTORY_NEW,
	HISTORY_EVENT_ID,
	HISTORY_RUN_ID,
	HISTORY_RULE,
	HISTORY_SESSION_ACTOR,
	HISTORY_COLUMNS
};

static const ShapeColumn history_columns[] = {
	{"id", INT8OID},
	{"ticket_id", INT8OID},
	{"at", TIMESTAMPTZOID},
	{"actor", TEXTOID},
	{"field", TEXTOID},
	{"old", JSONBOID},
	{"new", JSONBOID},
	{"event_id", INT8OID},
	{"run_id", INT8OID},
	{"rule", TEXTOID},
	{"session_actor", TEXTOID},
};

StaticAssertDecl(lengthof(history_columns) == HISTORY_COLUMNS, "each column of respond.ticket_history has its type");

const Shape respond_shape_ticket_history = SHAPE("respond.ticket_history", history_columns);

struct Recorder
{
	MemoryContext context;		/* of the recorder */
	MemoryContext group;		/* of what is not yet written */
	int			rows;			/* rows of the statement in the group */
	Size		bytes;

	NewEvent	events[GROUP_ROWS];
	int			event_count;
	AuditRow	audit[GROUP_ROWS];
	int			audit_count;

	Datum		teams[GROUP_ROWS];	/* texts, each once */
	int			team_count;
	Datum		tickets[GROUP_ROWS];	/* int8 */
	int			ticket_count;
	Datum		deleted[GROUP_ROWS];	/* int8 */
	int			deleted_count;

	PartitionWriter *history;	/* opened at the first row */
	Oid			history_sequence;
	TimestampTz now;

	char	   *actor;			/* of rows that no rule wrote; NULL: not yet asked for */
	char	   *session_actor;	/* who is logged in, when that is not the actor */
	const char *last_rule;		/* in the group's memory, as is last_actor */
	const char *last_actor;
};

Recorder *
respond_recorder_begin(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond recorder",
												  ALLOCSET_DEFAULT_SIZES);
	Recorder   *recorder = MemoryContextAllocZero(context, sizeof(Recorder));

	recorder->context = context;
	recorder->group = AllocSetContextCreate(context, "pg_respond recorder group",
											ALLOCSET_DEFAULT_SIZES);
	recorder->now = GetCurrentTransactionStartTimestamp();
	return recorder;
}

MemoryContext
respond_recorder_memory(Recorder *recorder)
{
	return recorder->group;
}

Origin
respond_recorder_origin(Recorder *recorder, int64 run_id)
{
	const EventContext *context = respond_event_context();
	Origin		origin = {0};

	/* What a rule's own SQL writes is the rule's, whatever run_id it gives the row. */
	if (context->rule == NULL && run_id != 0)
	{
		const EventContext *batch = respond_batch_origin_find(run_id);

		if (batch != NULL)
			context = batch;
	}

	origin.rule = context->rule;
	origin.event_id = context->event_id;
	origin.run_id = context->run_id;
	origin.depth = context->event_id == 0 ? 0 : context->depth + 1;
	if (context->rule == NULL)
	{
		if (recorder->actor == NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(recorder->context);

			recorder->actor = respond_event_context_actor();
			recorder->session_actor = respond_event_context_session_actor();
			MemoryContextSwitchTo(old);
		}
		origin.actor = recorder->actor;
	}
	else
	{
		if (recorder->last_rule != context->rule)
		{
			recorder->last_rule = context->rule;
			recorder->last_actor = MemoryContextStrdup(recorder->group,
													   psprintf("rule:%s", context->rule));
		}
		origin.actor = recorder->last_actor;
	}
	return origin;
}

void
respond_recorder_event(Recorder *recorder, const Origin *origin, const char *type,
					   int64 ticket_id, Jsonb *data)
{
	NewEvent   *event = &recorder->events[recorder->event_count++];

	memset(event, 0, sizeof(NewEvent));
	event->type = type;
	event->subject = psprintf("ticket/" INT64_FORMAT, ticket_id);
	event->actor = origin->actor;
	event->data = data;
	event->cause = origin->event_id;
	event->depth = origin->depth;
	recorder->bytes += VARSIZE(data);
}

void
respond_recorder_audit(Recorder *recorder, const Origin *origin, const char *action,
					   int64 ticket_id, Jsonb *old_value, Jsonb *new_value)
{
	AuditRow   *row = &recorder->audit[recorder->audit_count++];

	memset(row, 0, sizeof(AuditRow));
	row->at = recorder->now;
	row->actor = origin->actor;
	row->action = action;
	row->object_type = "ticket";
	row->object_id = psprintf(INT64_FORMAT, ticket_id);
	row->event_id = origin->event_id;
	row->run_id = origin->run_id;
	row->rule = origin->rule;
	row->old = old_value;
	row->new = new_value;
	recorder->bytes += (old_value != NULL ? VARSIZE(old_value) : 0) +
		(new_value != NULL ? VARSIZE(new_value) : 0);
}

static void
open_history(Recorder *recorder)
{
	MemoryContext old = MemoryContextSwitchTo(recorder->context);

	recorder->history_sequence = respond_relation_oid("respond", "ticket_history_id_seq");
	recorder->history = respond_partition_writer_open(respond_relation_oid("respond", "ticket_history"),
													  &respond_shape_ticket_history);
	MemoryContextSwitchTo(old);
}

void
respond_recorder_history(Recorder *recorder, const Origin *origin, int64 ticket_id,
						 const char *field, Jsonb *old_value, Jsonb *new_value)
{
	Datum		values[HISTORY_COLUMNS] = {0};
	bool		nulls[HISTORY_COLUMNS] = {0};

	if (recorder->history == NULL)
		open_history(recorder);
	values[HISTORY_ID] = Int64GetDatum(nextval_internal(recorder->history_sequence, false));
	values[HISTORY_TICKET_ID] = Int64GetDatum(ticket_id);
	values[HISTORY_AT] = TimestampTzGetDatum(recorder->now);
	values[HISTORY_ACTOR] = CStringGetTextDatum(origin->actor);
	values[HISTORY_FIELD] = CStringGetTextDatum(field);
	values[HISTORY_OLD] = JsonbPGetDatum(old_value);
	nulls[HISTORY_OLD] = old_value == NULL;
	values[HISTORY_NEW] = JsonbPGetDatum(new_value);
	nulls[HISTORY_NEW] = new_value == NULL;
	values[HISTORY_EVENT_ID] = Int64GetDatum(origin->event_id);
	nulls[HISTORY_EVENT_ID] = origin->event_id == 0;
	values[HISTORY_RUN_ID] = Int64GetDatum(origin->run_id);
	nulls[HISTORY_RUN_ID] = origin->run_id == 0;
	nulls[HISTORY_RULE] = origin->rule == NULL;
	if (origin->rule != NULL)
		values[HISTORY_RULE] = CStringGetTextDatum(origin->rule);
	nulls[HISTORY_SESSION_ACTOR] = origin->rule != NULL || recorder->session_actor == NULL;
	if (!nulls[HISTORY_SESSION_ACTOR])
		values[HISTORY_SESSION_ACTOR] = CStringGetTextDatum(recorder->session_actor);
	respond_partition_writer_add(recorder->history, recorder->now, values, nulls);
}

void
respond_recorder_require_team(Recorder *recorder, Datum name)
{
	text	   *wanted = DatumGetTextPP(name);
	MemoryContext old;

	for (int i = 0; i < recorder->team_count; i++)
	{
		text	   *known = (text *) DatumGetPointer(recorder->teams[i]);

		if (VARSIZE_ANY_EXHDR(known) == VARSIZE_ANY_EXHDR(wanted) &&
			memcmp(VARDATA_ANY(known), VARDATA_ANY(wanted), VARSIZE_ANY_EXHDR(wanted)) == 0)
			return;
	}
	old = MemoryContextSwitchTo(recorder->group);
	recorder->teams[recorder->team_count++] =
		PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(wanted), VARSIZE_ANY_EXHDR(wanted)));
	MemoryContextSwitchTo(old);
}

void
respond_recorder_require_ticket(Recorder *recorder, int64 ticket_id)
{
	recorder->tickets[recorder->ticket_count++] = Int64GetDatum(ticket_id);
}

void
respond_recorder_delete_comments(Recorder *recorder, int64 ticket_id)
{
	recorder->deleted[recorder->deleted_count++] = Int64GetDatum(ticket_id);
}

static void
write_group(Recorder *recorder)
{
	MemoryContext old = MemoryContextSwitchTo(recorder->group);

	respond_reference_require_teams(recorder->teams, recorder->team_count);
	respond_reference_require_tickets(recorder->tickets, recorder->ticket_count);
	if (recorder->event_count > 0)
		respond_event_write(recorder->events, recorder->event_count);
	respond_audit_write(recorder->audit, recorder->audit_count);
	respond_reference_delete_comments(recorder->deleted, recorder->deleted_count);
	recorder->event_count = 0;
	recorder->audit_count = 0;
	recorder->team_count = 0;
	recorder->ticket_count = 0;
	recorder->deleted_count = 0;
	recorder->rows = 0;
	recorder->bytes = 0;
	recorder->last_rule = NULL;
	MemoryContextSwitchTo(old);
	MemoryContextReset(recorder->group);
}

void
respond_recorder_row_done(Recorder *recorder)
{
	recorder->rows++;
	if (recorder->rows == GROUP_ROWS || recorder->bytes >= GROUP_BYTES)
		write_group(recorder);
}

void
respond_recorder_end(Recorder *recorder)
{
	write_group(recorder);
	if (recorder->history != NULL)
		respond_partition_writer_close(recorder->history);
	MemoryContextDelete(recorder->context);
}
