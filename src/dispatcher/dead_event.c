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

#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/private_value.h"
#include "dispatcher/dead_event.h"
#include "worker/death_word.h"
#include "worker/worker.h"

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

/* No single rule's owner could read what is not for everybody: it may be of any of them. */
static Datum
private_error(const char *error, int sqlerrcode)
{
	if (sqlerrcode == 0)
		return respond_private_text(error, NULL, InvalidOid);
	return respond_private_text(psprintf("%s; superusers see the message", respond_condition_text(sqlerrcode)), error,
								InvalidOid);
}

void
respond_dead_event(const Event *event, const char *rule, const char *reason, const char *error, int sqlerrcode)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, respond_private_text_type()};
	Datum		values[5];
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};

	values[0] = Int64GetDatum(event->id);
	values[1] = CStringGetTextDatum(event->type);
	values[2] = rule != NULL ? CStringGetTextDatum(rule) : (Datum) 0;
	values[3] = CStringGetTextDatum(reason);
	values[4] = error != NULL ? private_error(respond_error_clip(error), sqlerrcode) : (Datum) 0;
	if (rule == NULL)
		nulls[2] = 'n';
	if (error == NULL)
		nulls[4] = 'n';
	execute("INSERT INTO respond_internal.dead_event (event_id, event_type, rule, reason, error)"
			" VALUES ($1, $2, $3, $4, $5)",
			5, types, values, nulls, SPI_OK_INSERT);
}

int64
respond_suspect_lane(int lanes, int lane)
{
	/* events have positive ids */
	return -(int64) (lanes * 100 + lane + 1);
}

int64
respond_suspect_run(int64 run_id)
{
	/* lanes have the numbers next to 0 */
	return -run_id - PG_INT32_MAX;
}

/* What a marker says. */
typedef struct Marker
{
	int			tries;			/* that count, the one that begins now included */
	int			vanished;		/* tries that ended with the whole server, for no reason that is known */
} Marker;

/* The marker for one more try.  The lane has no other writer. */
static Marker
count_try(int64 id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(id)};
	Marker		marker = {1, 0};
	HeapTuple	row;
	bool		is_null;
	int64		life;

	if (SPI_execute_with_args("SELECT s.tries, s.vanished, s.life FROM respond_internal.suspect AS s "
							  "WHERE s.event_id OPERATOR(pg_catalog.=) $1",
							  1, types, values, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the marker of event " INT64_FORMAT, id);
	if (SPI_processed == 0)
		return marker;
	row = SPI_tuptable->vals[0];
	marker.tries = DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));
	marker.vanished = DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null));
	life = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &is_null));
	/* this process lives: an error took it to another event meanwhile */
	if (life == respond_death_word_life())
		return marker;
	respond_death_word_count(life, &marker.tries, &marker.vanished);
	return marker;
}

int
respond_suspect_raise(int64 id)
{
	Oid			types[] = {INT8OID, INT4OID, INT4OID, INT8OID};
	Datum		values[4];
	Marker		marker;

	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	marker = count_try(id);
	values[0] = Int64GetDatum(id);
	values[1] = Int32GetDatum(marker.tries);
	values[2] = Int32GetDatum(marker.vanished);
	values[3] = Int64GetDatum(respond_death_word_life());
	if (SPI_execute_with_args("INSERT INTO respond_internal.suspect AS s (event_id, tries, vanished, life)"
							  " VALUES ($1, $2, $3, $4)"
							  " ON CONFLICT (event_id) DO UPDATE SET tries = excluded.tries,"
							  " vanished = excluded.vanished, "
							  "life = excluded.life, at = pg_catalog.now()",
							  4, types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not mark event " INT64_FORMAT, id);
	SPI_finish();
	PopActiveSnapshot();
	ForceSyncCommit();
	CommitTransactionCommand();
	return marker.tries;
}

void
respond_suspect_clear(int64 id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(id)};

	execute("DELETE FROM respond_internal.suspect WHERE event_id OPERATOR(pg_catalog.=) $1",
			1, types, values, NULL, SPI_OK_DELETE);
}
