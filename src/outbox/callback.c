/*-------------------------------------------------------------------------
 * callback.c
 *	  Calls with which peers end steps: a row for each step that waits for one.
 *
 * src/outbox/callback.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/kept_plan.h"
#include "outbox/callback.h"
#include "outbox/run_inbox.h"

static KeptPlan insert_plan = {
	"INSERT INTO respond_internal.callback (delivery_id, hash, run_id, run_started_at, step, due_at)"
	" VALUES ($1, $2, $3, $4, $5, $6)",
	6, {INT8OID, BYTEAOID, INT8OID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID}
};
static KeptPlan take_plan = {
	"DELETE FROM respond_internal.callback AS c WHERE c.delivery_id OPERATOR(pg_catalog.=) $1"
	" AND (c.called_at IS NOT NULL OR NOT $2) RETURNING c.data",
	2, {INT8OID, BOOLOID}
};
static KeptPlan forget_plan = {
	"DELETE FROM respond_internal.callback AS c WHERE c.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};

#define CALLBACK_COLUMNS \
	"SELECT c.delivery_id, c.run_id, c.run_started_at, c.step, c.due_at, c.called_at IS NOT NULL" \
	" FROM respond_internal.callback AS c WHERE c.hash OPERATOR(pg_catalog.=) $1"

static KeptPlan lock_plan = {CALLBACK_COLUMNS " FOR UPDATE SKIP LOCKED", 1, {BYTEAOID}};
static KeptPlan look_plan = {CALLBACK_COLUMNS, 1, {BYTEAOID}};
static KeptPlan put_plan = {
	"UPDATE respond_internal.callback AS c SET called_at = $2, data = $3"
	" WHERE c.delivery_id OPERATOR(pg_catalog.=) $1",
	3, {INT8OID, TIMESTAMPTZOID, JSONBOID}
};

void
respond_callback_insert(const Callback *callback, bytea *hash)
{
	Datum		values[6] = {
		Int64GetDatum(callback->delivery_id), PointerGetDatum(hash), Int64GetDatum(callback->run_id),
		TimestampTzGetDatum(callback->run_started_at), CStringGetTextDatum(callback->step),
		TimestampTzGetDatum(callback->due_at)
	};

	SPI_connect();
	(void) respond_kept_plan_run_newest(&insert_plan, values, NULL);
	SPI_finish();
}

Jsonb *
respond_callback_take(int64 delivery_id, bool only_called)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[2] = {Int64GetDatum(delivery_id), BoolGetDatum(only_called)};
	Jsonb	   *data = NULL;

	SPI_connect();
	if (respond_kept_plan_run_newest(&take_plan, values, NULL) > 0)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		if (!is_null)
			data = DatumGetJsonbPCopy(value);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return data;
}

void
respond_callbacks_forget(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);

	SPI_connect();
	(void) respond_kept_plan_run_newest(&forget_plan, &value, NULL);
	SPI_finish();
}

static CallbackState
read_row(MemoryContext caller, Callback *callback)
{
	HeapTuple	row = SPI_tuptable->vals[0];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		is_null;

	callback->delivery_id = DatumGetInt64(SPI_getbinval(row, desc, 1, &is_null));
	callback->run_id = DatumGetInt64(SPI_getbinval(row, desc, 2, &is_null));
	callback->run_started_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 3, &is_null));
	callback->step = MemoryContextStrdup(caller, SPI_getvalue(row, desc, 4));
	callback->due_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 5, &is_null));
	return DatumGetBool(SPI_getbinval(row, desc, 6, &is_null)) || callback->due_at < respond_clock_now() ?
		CALLBACK_OVER : CALLBACK_OPEN;
}

CallbackState
respond_callback_find(bytea *hash, Callback *callback)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = PointerGetDatum(hash);
	CallbackState state = CALLBACK_UNKNOWN;

	SPI_connect();
	if (respond_kept_plan_run_newest(&lock_plan, &value, NULL) > 0)
		state = read_row(caller, callback);
	else if (respond_kept_plan_run_newest(&look_plan, &value, NULL) > 0)
		state = CALLBACK_BUSY;
	SPI_finish();
	return state;
}

void
respond_callback_put(const Callback *callback, Jsonb *data)
{
	Datum		values[3] = {
		Int64GetDatum(callback->delivery_id), TimestampTzGetDatum(respond_clock_now()), JsonbPGetDatum(data)
	};
	RunNote		note = {.run_id = callback->run_id,.run_started_at = callback->run_started_at,.kind = NOTE_CALLBACK,
	.pause = -1,.step = callback->step};

	SPI_connect();
	(void) respond_kept_plan_run_newest(&put_plan, values, NULL);
	SPI_finish();
	respond_run_inbox_write(&note, 1);
}
