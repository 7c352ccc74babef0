/*-------------------------------------------------------------------------
 * stream_rights.c
 *	  What a role may see of the event log.
 *
 * Rights are asked of the catalogs, as a SELECT of the role would.  Where row
 * level security holds for it, the events are selected as that role: once for
 * those of a turn that its streams want.
 *
 * src/stream/stream_rights.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type_d.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "common/guc.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/relation_change.h"
#include "owner/owner_guard.h"
#include "stream/stream_rights.h"

/* The times spare the other partitions. */
static KeptPlan select_events = {
	"SELECT e.id FROM respond.event AS e WHERE e.id OPERATOR(pg_catalog.=) ANY ($1)"
	" AND e.recorded_at OPERATOR(pg_catalog.>=) $2 AND e.recorded_at OPERATOR(pg_catalog.<=) $3",
	3, {INT8ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

typedef struct Look
{
	const Event *const *events;
	int			count;
	bool	   *visible;
} Look;

static uint64 changes = 0;
static Oid	log_table = InvalidOid;

static void
roles_changed(Datum argument, int cache, uint32 hash)
{
	changes++;
}

static void
relation_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == log_table)
		changes++;
}

uint64
respond_stream_rights_changes(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, roles_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(DATABASEOID, roles_changed, (Datum) 0);
		respond_relation_on_change(relation_changed);
		registered = true;
	}
	return changes;
}

StreamSight
respond_stream_sight(Oid role)
{
	Oid			schema = get_namespace_oid("respond", false);

	log_table = respond_relation_oid("respond", "event");
	/* one that was dropped has no rights, and must not be looked up */
	if (!respond_owner_exists(role) ||
		object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) != ACLCHECK_OK ||
		pg_class_aclcheck(log_table, role, ACL_SELECT) != ACLCHECK_OK)
		return SIGHT_NOTHING;
	return check_enable_rls(log_table, role, true) == RLS_ENABLED ? SIGHT_SOME : SIGHT_ALL;
}

static int
compare_ids(const void *a, const void *b)
{
	int64		left = DatumGetInt64(*(const Datum *) a);
	int64		right = DatumGetInt64(*(const Datum *) b);

	return left < right ? -1 : left > right;
}

static void
select_visible(void *argument)
{
	Look	   *look = argument;
	Datum	   *ids = palloc(sizeof(Datum) * look->count);
	TimestampTz first = DT_NOEND;
	TimestampTz last = DT_NOBEGIN;
	uint64		found;
	Datum	   *seen;

	for (int i = 0; i < look->count; i++)
	{
		ids[i] = Int64GetDatum(look->events[i]->id);
		first = Min(first, look->events[i]->recorded_at);
		last = Max(last, look->events[i]->recorded_at);
	}
	SPI_connect();
	found = respond_kept_plan_run(&select_events,
								  (Datum[]) {PointerGetDatum(construct_array(ids, look->count, INT8OID, sizeof(int64),
																			 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
											 TimestampTzGetDatum(first), TimestampTzGetDatum(last)}, NULL);
	seen = palloc(sizeof(Datum) * (found + 1));
	for (uint64 i = 0; i < found; i++)
	{
		bool		is_null;

		seen[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);
	}
	qsort(seen, found, sizeof(Datum), compare_ids);
	for (int i = 0; i < look->count; i++)
		look->visible[i] = bsearch(&ids[i], seen, found, sizeof(Datum), compare_ids) != NULL;
	SPI_finish();
}

void
respond_stream_look(Oid role, const Event *const *events, int count, bool *visible)
{
	Look		look = {events, count, visible};
	OwnerCall	call = {.function = select_visible,.argument = &look,.owner = role,
		.timeout = respond_rule_timeout,.may_lock = true};

	respond_owner_call(&call);
}
