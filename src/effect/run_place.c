/*-------------------------------------------------------------------------
 * run_place.c
 *	  Places of runs whose rule limits how many may be under way at once.
 *
 * src/effect/run_place.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/kept_plan.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "effect/run_place.h"
#include "outbox/run_inbox.h"

#define COLUMNS		"p.run_id, p.run_started_at, p.rule, p.key, p.held"
#define OF_KEY		" WHERE p.rule OPERATOR(pg_catalog.=) $1 AND p.key OPERATOR(pg_catalog.=) $2"

static KeptPlan find_plan = {
	"SELECT " COLUMNS " FROM respond_internal.run_place AS p WHERE p.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};
static KeptPlan count_plan = {
	"SELECT pg_catalog.count(*) FROM respond_internal.run_place AS p" OF_KEY " AND p.held", 2, {TEXTOID, TEXTOID}
};
static KeptPlan first_plan = {
	"SELECT " COLUMNS " FROM respond_internal.run_place AS p" OF_KEY " AND p.held OPERATOR(pg_catalog.=) $3"
	" ORDER BY p.ordinal LIMIT 1",
	3, {TEXTOID, TEXTOID, BOOLOID}
};
static KeptPlan last_plan = {
	"SELECT p.ordinal FROM respond_internal.run_place AS p" OF_KEY " AND p.held OPERATOR(pg_catalog.=) $3"
	" ORDER BY p.ordinal DESC LIMIT 1",
	3, {TEXTOID, TEXTOID, BOOLOID}
};
static KeptPlan put_plan = {
	"INSERT INTO respond_internal.run_place AS p (run_id, run_started_at, rule, key, held, ordinal)"
	" VALUES ($1, $2, $3, $4, $5, $6)",
	6, {INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, BOOLOID, INT8OID}
};
static KeptPlan lock_plan = {
	"SELECT p.run_id FROM respond_internal.run_place AS p WHERE p.run_id OPERATOR(pg_catalog.=) $1 FOR UPDATE NOWAIT",
	1, {INT8OID}
};
static KeptPlan hold_plan = {
	"UPDATE respond_internal.run_place AS p SET held = true, ordinal = $2 WHERE p.run_id OPERATOR(pg_catalog.=) $1",
	2, {INT8OID, INT8OID}
};
static KeptPlan free_plan = {
	"DELETE FROM respond_internal.run_place AS p WHERE p.run_id OPERATOR(pg_catalog.=) $1 RETURNING " COLUMNS,
	1, {INT8OID}
};
static KeptPlan keys_plan = {
	"SELECT DISTINCT p.key FROM respond_internal.run_place AS p WHERE p.rule OPERATOR(pg_catalog.=) $1 AND NOT p.held",
	1, {TEXTOID}
};

/* Most databases have no rule with a limit. */
static bool
is_empty(void)
{
	return respond_table_is_empty(respond_relation_oid("respond_internal", "run_place"));
}

static Datum
value_of(int column)
{
	bool		is_null;

	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);
}

static PlaceRow *
read_row(void)
{
	PlaceRow   *row = palloc(sizeof(PlaceRow));

	row->run_id = DatumGetInt64(value_of(1));
	row->run_started_at = DatumGetTimestampTz(value_of(2));
	row->rule = TextDatumGetCString(value_of(3));
	row->key = TextDatumGetCString(value_of(4));
	row->held = DatumGetBool(value_of(5));
	return row;
}

/* Runs it; its row, NULL when it gives none. */
static PlaceRow *
run_for_row(KeptPlan *plan, Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	PlaceRow   *row = NULL;

	SPI_connect();
	if (respond_kept_plan_run_newest(plan, values, NULL) > 0)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		row = read_row();
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return row;
}

/* Runs it; its first value, 0 when it gives no row. */
static int64
run_for_number(KeptPlan *plan, Datum *values)
{
	int64		number = 0;

	SPI_connect();
	if (respond_kept_plan_run_newest(plan, values, NULL) > 0 && SPI_tuptable != NULL)
		number = DatumGetInt64(value_of(1));
	SPI_finish();
	return number;
}

PlaceRow *
respond_run_place_find(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);

	return is_empty() ? NULL : run_for_row(&find_plan, &value);
}

int64
respond_run_places_held(const char *rule, const char *key)
{
	Datum		values[2] = {CStringGetTextDatum(rule), CStringGetTextDatum(key)};

	return run_for_number(&count_plan, values);
}

PlaceRow *
respond_run_place_first(const char *rule, const char *key, bool held)
{
	Datum		values[3] = {CStringGetTextDatum(rule), CStringGetTextDatum(key), BoolGetDatum(held)};

	return run_for_row(&first_plan, values);
}

/* Those with a place and those in the queue are counted apart. */
static int64
next_ordinal(const char *rule, const char *key, bool held)
{
	Datum		values[3] = {CStringGetTextDatum(rule), CStringGetTextDatum(key), BoolGetDatum(held)};

	return run_for_number(&last_plan, values) + 1;
}

void
respond_run_place_put(const PlaceRow *row)
{
	Datum		values[6] = {
		Int64GetDatum(row->run_id), TimestampTzGetDatum(row->run_started_at), CStringGetTextDatum(row->rule),
		CStringGetTextDatum(row->key), BoolGetDatum(row->held),
		Int64GetDatum(next_ordinal(row->rule, row->key, row->held))
	};

	(void) run_for_number(&put_plan, values);
}

void
respond_run_place_hold(int64 run_id)
{
	const PlaceRow *row = respond_run_place_find(run_id);
	Datum		values[2] = {Int64GetDatum(run_id)};

	(void) run_for_number(&lock_plan, values);
	if (row == NULL)
		return;
	values[1] = Int64GetDatum(next_ordinal(row->rule, row->key, true));
	(void) run_for_number(&hold_plan, values);
}

void
respond_run_place_free(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);
	PlaceRow   *row = is_empty() ? NULL : run_for_row(&free_plan, &value);

	if (row != NULL)
		respond_run_place_tell(row->rule, row->key);
}

void
respond_run_place_tell(const char *rule, const char *key)
{
	RunNote		note = {.run_started_at = GetCurrentTransactionStartTimestamp(),.kind = NOTE_PLACE,.pause = -1};
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "rule", rule);
	if (key != NULL)
		respond_jsonb_push_text(&state, "key", key);
	note.data = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_run_inbox_write(&note, 1);
}

void
respond_run_place_tell_all(const char *rule)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = CStringGetTextDatum(rule);
	List	   *keys = NIL;
	ListCell   *cell;
	bool		is_null;

	SPI_connect();
	(void) respond_kept_plan_run_newest(&keys_plan, &value, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		key = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		keys = lappend(keys, TextDatumGetCString(key));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	foreach(cell, keys)
		respond_run_place_tell(rule, lfirst(cell));
}
