/*-------------------------------------------------------------------------
 * event_key.c
 *	  A second event with the same source and key is not recorded again.
 *
 * The log is partitioned by time, so no index of it can tell whether a key is
 * known.  respond_internal.event_key does, with a primary key that makes a
 * second claimant wait for the first: whoever commits has the key, and after a
 * rollback the next one gets it.
 *
 * Events that are inserted by SQL claim their key in the trigger of event_row.c,
 * those written from C before they are written.  A restored dump runs through
 * the trigger too and fills event_key again; a key that is there already for
 * the same id is no duplicate.
 *
 * src/event/event_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/trigger_call.h"
#include "event/event_key.h"

/* Operators are qualified: the plan is made under the producer's search_path. */
#define CLAIM_SQL \
	"INSERT INTO respond_internal.event_key (source, key, id, recorded_at) " \
	"VALUES ($1, $2, $3, $4) ON CONFLICT (source, key) DO NOTHING"
#define FIND_SQL \
	"SELECT id FROM respond_internal.event_key " \
	"WHERE source OPERATOR(pg_catalog.=) $1 AND key OPERATOR(pg_catalog.=) $2"

static SPIPlanPtr claim_plan = NULL;
static SPIPlanPtr find_plan = NULL;

/* The owner of the table of keys: producers have no rights on it. */
static Oid
key_table_owner(void)
{
	Oid			relation = get_relname_relid("event_key", get_namespace_oid("respond_internal", false));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist", "respond_internal.event_key")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static SPIPlanPtr
kept_plan(SPIPlanPtr *plan, const char *sql, int argument_count)
{
	static Oid	types[] = {TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID};

	if (*plan == NULL)
	{
		SPIPlanPtr	made = SPI_prepare(sql, argument_count, types);

		if (made == NULL)
			elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
		SPI_keepplan(made);
		*plan = made;
	}
	return *plan;
}

static int64
claim_or_find(Datum *arguments)
{
	for (;;)
	{
		SPI_execute_plan(kept_plan(&claim_plan, CLAIM_SQL, 4), arguments, NULL, false, 0);
		if (SPI_processed == 1)
			return 0;
		SPI_execute_plan(kept_plan(&find_plan, FIND_SQL, 2), arguments, NULL, false, 1);
		if (SPI_processed == 1)
		{
			bool		is_null;

			return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
											   1, &is_null));
		}
		/* Retention removed the key between the two; claim it again. */
		CHECK_FOR_INTERRUPTS();
	}
}

int64
respond_event_key_claim(const char *source, const char *key, int64 id, TimestampTz recorded_at)
{
	Datum		arguments[4];
	Oid			user;
	int			security_context;
	int64		owner_id;

	SPI_connect();
	GetUserIdAndSecContext(&user, &security_context);
	SetUserIdAndSecContext(key_table_owner(), security_context | SECURITY_LOCAL_USERID_CHANGE);
	arguments[0] = CStringGetTextDatum(source);
	arguments[1] = CStringGetTextDatum(key);
	arguments[2] = Int64GetDatum(id);
	arguments[3] = TimestampTzGetDatum(recorded_at);
	owner_id = claim_or_find(arguments);
	SetUserIdAndSecContext(user, security_context);
	SPI_finish();
	return owner_id;
}
