/*-------------------------------------------------------------------------
 * event_key.c
 *	  A second event with the same source and key is not recorded again.
 *
 * The log is partitioned by time, so no index of it can tell whether a key is
 * known.  respond_internal.event_key does, with a primary key that makes a
 * second claimant wait for the first: whoever commits has the key, and after a
 * rollback the next one gets it.
 *
 * A key belongs to the role that used it.  Were it taken for all, whoever guesses
 * the next source and key of another producer could suppress its event, unseen.
 *
 * Events that are inserted by SQL claim their key in the trigger of event_row.c,
 * those written from C before they are written.  A restored dump runs through
 * the trigger too and fills event_key again; a key that is there already for
 * the same id is no duplicate.  Where the role that recorded it is unknown here,
 * the key holds for all producers.
 *
 * src/event/event_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "event/event_key.h"
#include "event/producer.h"

static KeptPlan claim_key = {
	"INSERT INTO respond_internal.event_key (source, key, producer, id, recorded_at)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (source, key, producer) DO NOTHING",
	5, {TEXTOID, TEXTOID, OIDOID, INT8OID, TIMESTAMPTZOID}
};
static KeptPlan find_key = {
	"SELECT k.id FROM respond_internal.event_key AS k"
	" WHERE k.source OPERATOR(pg_catalog.=) $1 AND k.key OPERATOR(pg_catalog.=) $2 AND k.producer"
	" OPERATOR(pg_catalog.=) $3",
	3, {TEXTOID, TEXTOID, OIDOID}
};
static KeptPlan common_keys = {
	"SELECT FROM respond_internal.event_key AS k WHERE k.producer OPERATOR(pg_catalog.=) 0 LIMIT 1", 0
};

/* Whether there may be keys that hold for all producers; they come with dumps alone. */
static bool has_common_keys = true;
static bool is_stale = true;
static Oid	key_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == key_table)
		is_stale = true;
}

static bool
may_be_common(void)
{
	static bool registered = false;

	if (!registered)
	{
		respond_relation_on_change(table_changed);
		registered = true;
	}
	if (is_stale)
	{
		key_table = respond_relation_oid("respond_internal", "event_key");
		is_stale = false;
		has_common_keys = true;
		has_common_keys = respond_kept_plan_run_newest(&common_keys, NULL, NULL) > 0;
	}
	return has_common_keys;
}

/* Event that has the key of this producer; 0: none. */
static int64
find(Datum *arguments, Oid producer)
{
	Datum		of_producer[3] = {arguments[0], arguments[1], ObjectIdGetDatum(producer)};
	bool		is_null;

	if (respond_kept_plan_run_newest(&find_key, of_producer, NULL) != 1)
		return 0;
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

static int64
claim_or_find(Datum *arguments, Oid producer)
{
	for (;;)
	{
		int64		id = 0;

		if (producer != RESPOND_ANY_PRODUCER && may_be_common())
			id = find(arguments, RESPOND_ANY_PRODUCER);
		if (id != 0)
			return id;
		if (respond_kept_plan_run_newest(&claim_key, arguments, NULL) == 1)
		{
			/* sessions look for such keys again once this one commits */
			if (producer == RESPOND_ANY_PRODUCER && !may_be_common())
			{
				CacheInvalidateRelcacheByRelid(key_table);
				has_common_keys = true;
			}
			return 0;
		}
		id = find(arguments, producer);
		if (id != 0)
			return id;
		/* Retention removed the key between the two; claim it again. */
		CHECK_FOR_INTERRUPTS();
	}
}

int64
respond_event_key_claim(Oid producer, const char *source, const char *key, int64 id, TimestampTz recorded_at)
{
	Datum		arguments[5];
	int64		owner_id;

	SPI_connect();
	arguments[0] = CStringGetTextDatum(source);
	arguments[1] = CStringGetTextDatum(key);
	arguments[2] = ObjectIdGetDatum(producer);
	arguments[3] = Int64GetDatum(id);
	arguments[4] = TimestampTzGetDatum(recorded_at);
	owner_id = claim_or_find(arguments, producer);
	SPI_finish();
	return owner_id;
}
