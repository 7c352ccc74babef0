/*-------------------------------------------------------------------------
 * set_aside_rows.c
 *	  The table behind set_aside.h: reading and writing its rows.
 *
 * src/dispatcher/set_aside_rows.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "dispatcher/place.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/set_aside_rows.h"
#include "match/hash.h"

#define COLUMNS \
	"s.id, s.event_id, s.rule, s.subject, s.forced, s.replay, s.run_id, s.tries, s.first_at, s.sqlstate, s.due_at," \
	" s.queue, s.rule_owner, s.place"

static KeptPlan read_all = {
	"SELECT " COLUMNS " FROM respond_internal.set_aside_event AS s ORDER BY s.id"
};
static KeptPlan make_due = {
	"UPDATE respond_internal.set_aside_event AS s SET due_at = pg_catalog.clock_timestamp()"
	" WHERE s.id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};
static KeptPlan read_due = {
	"SELECT " COLUMNS " FROM respond_internal.set_aside_event AS s"
	" WHERE (s.due_at, s.id) OPERATOR(pg_catalog.>) ($1, $2)"
	" ORDER BY s.due_at, s.id LIMIT $3",
	3, {TIMESTAMPTZOID, INT8OID, INT8OID}
};
static KeptPlan read_queue = {
	"SELECT " COLUMNS " FROM respond_internal.set_aside_event AS s"
	" WHERE s.rule_hash OPERATOR(pg_catalog.=) $1 AND s.queue OPERATOR(pg_catalog.>) $2"
	" ORDER BY s.rule_hash, s.queue LIMIT $3",
	3, {INT8OID, INT8OID, INT8OID}
};
static KeptPlan find_strand = {
	"SELECT s.id FROM respond_internal.set_aside_event AS s WHERE s.strand OPERATOR(pg_catalog.=) $1 LIMIT 1",
	1, {INT8OID}
};
static KeptPlan insert_row = {
	"INSERT INTO respond_internal.set_aside_event (event_id, recorded_at, rule, rule_hash, subject, strand, forced,"
	" replay, run_id,"
	" sqlstate, tries, first_at, due_at, queue, rule_owner, place)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, pg_catalog.clock_timestamp(), $12,"
	" CASE WHEN $13 THEN pg_catalog.nextval('respond_internal.set_aside_queue') END, $14, $15)",
	15, {INT8OID, TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTOID, INT8OID, BOOLOID, BOOLOID, INT8OID,
	TEXTOID, INT4OID, TIMESTAMPTZOID, BOOLOID, OIDOID, JSONBOID}
};
static KeptPlan change_row = {
	"UPDATE respond_internal.set_aside_event AS s SET sqlstate = $2, tries = $3, due_at = $4,"
	" queue = CASE WHEN $5 THEN pg_catalog.nextval('respond_internal.set_aside_queue') END"
	" WHERE s.id OPERATOR(pg_catalog.=) $1",
	5, {INT8OID, TEXTOID, INT4OID, TIMESTAMPTZOID, BOOLOID}
};
static KeptPlan delete_row = {
	"DELETE FROM respond_internal.set_aside_event AS s WHERE s.id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};
static KeptPlan free_next = {
	"UPDATE respond_internal.set_aside_event AS s SET due_at = $2"
	" WHERE s.id OPERATOR(pg_catalog.=) (SELECT n.id FROM respond_internal.set_aside_event AS n"
	" WHERE n.strand OPERATOR(pg_catalog.=) $1 ORDER BY n.id LIMIT 1)"
	" AND s.due_at OPERATOR(pg_catalog.=) 'infinity' AND s.queue IS NULL",
	2, {INT8OID, TIMESTAMPTZOID}
};
uint64
respond_aside_strand(uint64 rule, const char *subject)
{
	return respond_hash_bytes(rule, subject, strlen(subject));
}

static char *
text_value(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

static int64
int64_value(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? 0 : DatumGetInt64(value);
}

static bool
bool_value(HeapTuple row, int column)
{
	bool		is_null;

	return DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null));
}

static Oid
oid_value(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? InvalidOid : DatumGetObjectId(value);
}

static Jsonb *
jsonb_value(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? NULL : DatumGetJsonbPCopy(value);
}

static AsideRow *
row_of(HeapTuple tuple)
{
	AsideRow   *row = palloc0(sizeof(AsideRow));
	char	   *state = text_value(tuple, 10);

	row->entry.id = int64_value(tuple, 1);
	row->event_id = int64_value(tuple, 2);
	row->entry.rule = text_value(tuple, 3);
	row->rule = respond_share_rule(row->entry.rule);
	row->subject = text_value(tuple, 4);
	row->forced = bool_value(tuple, 5);
	row->replay = bool_value(tuple, 6);
	row->run_id = int64_value(tuple, 7);
	row->entry.tries = (int32) int64_value(tuple, 8);
	row->entry.first_at = int64_value(tuple, 9);
	row->entry.sqlerrcode = state != NULL ? MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]) : 0;
	row->due_at = int64_value(tuple, 11);
	row->queue = int64_value(tuple, 12);
	row->rule_owner = oid_value(tuple, 13);
	row->place = jsonb_value(tuple, 14);
	return row;
}

static List *
read_rows(KeptPlan *plan, Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	List	   *rows = NIL;

	SPI_connect();
	respond_kept_plan_run(plan, values, NULL);
	spi = MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < SPI_processed; i++)
		rows = lappend(rows, row_of(SPI_tuptable->vals[i]));
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return rows;
}

List *
respond_aside_read_all(void)
{
	return read_rows(&read_all, NULL);
}

List *
respond_aside_read_due(TimestampTz due_at, int64 id, int limit)
{
	Datum		values[3] = {TimestampTzGetDatum(due_at), Int64GetDatum(id), Int64GetDatum(limit)};

	return read_rows(&read_due, values);
}

List *
respond_aside_read_queue(uint64 rule, int64 position, int limit)
{
	Datum		values[3] = {Int64GetDatum((int64) rule), Int64GetDatum(position), Int64GetDatum(limit)};

	return read_rows(&read_queue, values);
}

bool
respond_aside_strand_is_taken(uint64 strand)
{
	Datum		values[1] = {Int64GetDatum((int64) strand)};
	int64		id;

	return respond_kept_plan_int64(&find_strand, values, &id);
}

static void
run_plan(KeptPlan *plan, Datum *values, const char *nulls)
{
	SPI_connect();
	respond_kept_plan_run(plan, values, nulls);
	SPI_finish();
}

static Datum
sqlstate_datum(int sqlerrcode)
{
	return sqlerrcode != 0 ? CStringGetTextDatum(unpack_sql_state(sqlerrcode)) : (Datum) 0;
}

void
respond_aside_insert(const Event *event, const char *rule, int sqlerrcode, TimestampTz due_at, bool queued)
{
	uint64		number = respond_share_rule(rule);
	Datum		values[15];
	char		nulls[16] = "               ";

	values[0] = Int64GetDatum(event->id);
	values[1] = TimestampTzGetDatum(event->recorded_at);
	values[2] = CStringGetTextDatum(rule);
	values[3] = Int64GetDatum((int64) number);
	values[4] = event->subject != NULL ? CStringGetTextDatum(event->subject) : (Datum) 0;
	values[5] = (Datum) 0;
	if (event->subject != NULL)
		values[5] = Int64GetDatum((int64) respond_aside_strand(number, event->subject));
	values[6] = BoolGetDatum(event->forced);
	values[7] = BoolGetDatum(event->replay);
	values[8] = Int64GetDatum(event->run_id);
	values[9] = sqlstate_datum(sqlerrcode);
	values[10] = Int32GetDatum(sqlerrcode != 0 ? 1 : 0);
	values[11] = TimestampTzGetDatum(due_at);
	values[12] = BoolGetDatum(queued);
	values[13] = ObjectIdGetDatum(event->only_owner);
	values[14] = JsonbPGetDatum(event->begins_at != NULL ? event->begins_at : respond_place_save());
	if (event->subject == NULL)
		nulls[4] = nulls[5] = 'n';
	if (event->run_id == 0)
		nulls[8] = 'n';
	if (sqlerrcode == 0)
		nulls[9] = 'n';
	if (!OidIsValid(event->only_owner))
		nulls[13] = 'n';
	run_plan(&insert_row, values, nulls);
}

void
respond_aside_change(const AsideEntry *entry, int sqlerrcode, TimestampTz due_at, bool queued)
{
	Datum		values[5];
	char		nulls[6] = "     ";

	values[0] = Int64GetDatum(entry->id);
	values[1] = sqlstate_datum(sqlerrcode);
	values[2] = Int32GetDatum(entry->tries);
	values[3] = TimestampTzGetDatum(due_at);
	values[4] = BoolGetDatum(queued);
	if (sqlerrcode == 0)
		nulls[1] = 'n';
	run_plan(&change_row, values, nulls);
}

void
respond_aside_delete(int64 id)
{
	Datum		values[1] = {Int64GetDatum(id)};

	run_plan(&delete_row, values, NULL);
}

void
respond_aside_make_due(int64 id)
{
	Datum		values[1] = {Int64GetDatum(id)};

	run_plan(&make_due, values, NULL);
}

void
respond_aside_free_strand(uint64 strand, TimestampTz due_at)
{
	Datum		values[2] = {Int64GetDatum((int64) strand), TimestampTzGetDatum(due_at)};

	run_plan(&free_next, values, NULL);
}
