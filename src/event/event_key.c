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
 * Most keys are new, and are written without a statement.  What is known, and
 * what only a statement can decide, is left to SQL; once a key was known, so are
 * the next ones, because SQL looks before it writes.
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

#include "common/door.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "event/event_key.h"
#include "event/event_key_write.h"
#include "event/producer.h"

/* Claims that are left to SQL after a key was known. */
#define LOOKS_AFTER_KNOWN	64

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

static int	looks_first = 0;	/* so many claims are still left to SQL */

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

static int64
claim_by_sql(const KeyClaim *claim, TimestampTz recorded_at)
{
	Datum		arguments[5];
	int64		owner;

	SPI_connect();
	arguments[0] = CStringGetTextDatum(claim->source);
	arguments[1] = CStringGetTextDatum(claim->key);
	arguments[2] = ObjectIdGetDatum(claim->producer);
	arguments[3] = Int64GetDatum(claim->id);
	arguments[4] = TimestampTzGetDatum(recorded_at);
	owner = claim_or_find(arguments, claim->producer);
	SPI_finish();
	looks_first = owner != 0 ? LOOKS_AFTER_KNOWN : Max(looks_first - 1, 0);
	return owner;
}

/* Whether no more is to be asked than whether the producer has the key already. */
static bool
is_simple(const KeyClaim *claim)
{
	return looks_first == 0 && !is_stale && !has_common_keys && claim->producer != RESPOND_ANY_PRODUCER;
}

void
respond_event_keys_claim(KeyClaim *claims, int count, TimestampTz recorded_at)
{
	Door		door;
	KeyWriter  *writer;

	if (count == 0)
		return;
	/* expressions of indexes run with the rights of the table's owner */
	respond_door_enter(&door, DOOR_AS_OWNER);
	writer = respond_event_key_writer_open(respond_relation_oid("respond_internal", "event_key"));
	for (int i = 0; i < count; i++)
	{
		KeyClaim   *claim = &claims[i];

		claim->owner = 0;
		if (writer == NULL || !is_simple(claim) ||
			!respond_event_key_writer_add(writer, claim->producer, claim->source, claim->key, claim->id, recorded_at))
			claim->owner = claim_by_sql(claim, recorded_at);
	}
	if (writer != NULL)
		respond_event_key_writer_close(writer);
	respond_door_leave(&door);
}
