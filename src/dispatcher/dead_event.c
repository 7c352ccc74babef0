/*-------------------------------------------------------------------------
 * dead_event.c
 *	  Giving events up, and markers of those that kill processes.
 *
 * src/dispatcher/dead_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "common/error_class.h"
#include "dispatcher/dispatcher.h"

static void
execute(const char *statement, int count, Oid *types, Datum *values, const char *nulls, int expected)
{
	int			result;

	SPI_connect();
	result = SPI_execute_with_args(statement, count, types, values, nulls, false, 0);
	if (result != expected)
		elog(ERROR, "bookkeeping of pg_respond failed: %s", SPI_result_code_string(result));
	SPI_finish();
}

void
respond_dead_event(const Event *event, const char *rule, const char *reason, const char *error)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[5];
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};

	values[0] = Int64GetDatum(event->id);
	values[1] = CStringGetTextDatum(event->type);
	values[2] = rule != NULL ? CStringGetTextDatum(rule) : (Datum) 0;
	values[3] = CStringGetTextDatum(reason);
	values[4] = error != NULL ? CStringGetTextDatum(respond_error_clip(error)) : (Datum) 0;
	if (rule == NULL)
		nulls[2] = 'n';
	if (error == NULL)
		nulls[4] = 'n';
	execute("INSERT INTO respond_internal.dead_event (event_id, event_type, rule, reason, error) VALUES ($1, $2, $3, $4, $5)",
			5, types, values, nulls, SPI_OK_INSERT);
}

int64
respond_suspect_lane(int lanes, int lane)
{
	/* events have positive ids */
	return -(int64) (lanes * 100 + lane + 1);
}

int
respond_suspect_raise(int64 id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(id)};
	bool		is_null;
	int			tries;

	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute_with_args("INSERT INTO respond_internal.suspect AS s (event_id, tries) VALUES ($1, 1) "
							  "ON CONFLICT (event_id) DO UPDATE SET tries = s.tries OPERATOR(pg_catalog.+) 1, at = pg_catalog.now() "
							  "RETURNING tries",
							  1, types, values, NULL, false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not mark event " INT64_FORMAT, id);
	tries = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	PopActiveSnapshot();
	ForceSyncCommit();
	CommitTransactionCommand();
	return tries;
}

void
respond_suspect_clear(int64 id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(id)};

	execute("DELETE FROM respond_internal.suspect WHERE event_id OPERATOR(pg_catalog.=) $1",
			1, types, values, NULL, SPI_OK_DELETE);
}
