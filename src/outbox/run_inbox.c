/*-------------------------------------------------------------------------
 * run_inbox.c
 *	  Telling a run that waits what it waits for.
 *
 * src/outbox/run_inbox.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "event/wake.h"
#include "outbox/run_inbox.h"

static const ShapeColumn inbox_columns[] = {
	{"id", INT8OID},
	{"run_id", INT8OID},
	{"run_started_at", TIMESTAMPTZOID},
	{"kind", TEXTOID},
	{"pause", INT4OID},
	{"step", TEXTOID},
	{"event_id", INT8OID},
	{"data", JSONBOID},
	{"actor", TEXTOID},
	{"at", TIMESTAMPTZOID},
	{"incarnation", INT8OID},
};

StaticAssertDecl(lengthof(inbox_columns) == INBOX_COLUMNS, "each column of the inbox has its type");

const Shape respond_shape_run_inbox = SHAPE("respond_internal.run_inbox", inbox_columns);

static void
fill_row(Datum *values, bool *nulls, const RunNote *note)
{
	memset(nulls, 0, sizeof(bool) * INBOX_COLUMNS);
	values[INBOX_ID] = Int64GetDatum(nextval_internal(respond_relation_oid("respond_internal", "run_inbox_id_seq"),
													  false));
	values[INBOX_RUN_ID] = Int64GetDatum(note->run_id);
	values[INBOX_RUN_STARTED_AT] = TimestampTzGetDatum(note->run_started_at);
	values[INBOX_KIND] = CStringGetTextDatum(note->kind);
	values[INBOX_PAUSE] = Int32GetDatum(note->pause);
	nulls[INBOX_PAUSE] = note->pause < 0;
	respond_row_set_text(values, nulls, INBOX_STEP, note->step);
	respond_row_set_int64(values, nulls, INBOX_EVENT_ID, note->event_id);
	respond_row_set_jsonb(values, nulls, INBOX_DATA, note->data);
	respond_row_set_text(values, nulls, INBOX_ACTOR, note->actor);
	values[INBOX_AT] = TimestampTzGetDatum(respond_clock_now());
	values[INBOX_INCARNATION] = Int64GetDatum(respond_life_incarnation());
}

void
respond_run_inbox_write(const RunNote *notes, int count)
{
	PartitionWriter *writer;

	if (count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "run_inbox"),
										   &respond_shape_run_inbox);
	for (int i = 0; i < count; i++)
	{
		Datum		values[INBOX_COLUMNS];
		bool		nulls[INBOX_COLUMNS];

		fill_row(values, nulls, &notes[i]);
		respond_partition_writer_add(writer, 0, values, nulls);
	}
	respond_partition_writer_close(writer);
	respond_wake_at_commit();
}
