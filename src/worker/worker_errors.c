/*-------------------------------------------------------------------------
 * worker_errors.c
 *	  Whether a worker does nothing but fail.
 *
 * A worker that catches its errors and tries again looks alive.  It counts its
 * errors in a row in its slot, for health().  Only the SQLSTATE is kept: the text
 * may hold what the reader of health() may not read, and the log has it.
 *
 * src/worker/worker_errors.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/metric.h"
#include "common/shmem.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

PG_FUNCTION_INFO_V1(respond_worker_errors);

void
respond_worker_failed(int code)
{
	WorkerSlot *slot = respond_worker_slot;

	if (pg_atomic_read_u32(&slot->errors_in_row) == 0)
		pg_atomic_write_u64(&slot->failing_since, (uint64) GetCurrentTimestamp());
	pg_atomic_write_u32(&slot->last_error, (uint32) code);
	pg_atomic_fetch_add_u32(&slot->errors_in_row, 1);
	respond_metric_add(METRIC_WORKER_ERRORS + slot->kind, 1);
}

void
respond_worker_succeeded(void)
{
	if (pg_atomic_read_u32(&respond_worker_slot->errors_in_row) != 0)
		pg_atomic_write_u32(&respond_worker_slot->errors_in_row, 0);
}

/*
 * worker_errors() → setof (kind text, lane integer, errors integer, since
 * timestamptz, sqlstate text): workers of this database whose last tries failed.
 */
Datum
respond_worker_errors(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];
		uint32		errors = pg_atomic_read_u32(&slot->errors_in_row);
		Datum		values[5];
		bool		nulls[5] = {false, slot->kind != WORKER_DISPATCHER};

		if (slot->state == WORKER_FREE || slot->database != MyDatabaseId || errors == 0)
			continue;
		values[0] = CStringGetTextDatum(respond_worker_kind_name(slot->kind));
		values[1] = Int32GetDatum(slot->lane + 1);
		values[2] = Int32GetDatum((int32) errors);
		values[3] = TimestampTzGetDatum((TimestampTz) pg_atomic_read_u64(&slot->failing_since));
		values[4] = CStringGetTextDatum(unpack_sql_state((int) pg_atomic_read_u32(&slot->last_error)));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
