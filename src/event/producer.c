/*-------------------------------------------------------------------------
 * producer.c
 *	  Which producers may use which sources.
 *
 * A row of respond.producer gives a source, or all whose names fit a pattern
 * with "*", to a role and its members: they may use no other, and nobody else
 * may use it.  Without rows every producer may name any source.  Superusers are
 * not bound, as they are not bound by grants.
 *
 * The table is read without asking for privileges, and kept until the relation
 * cache says that it changed or the system cache that a role or a membership did.
 * When a role is dropped its sources stay closed: role 0, shown and dumped as
 * "-", can be nobody.  Its number would be dumped as a number, which may be
 * another role elsewhere.
 * The last answer is kept too: most sessions use one source.
 *
 * src/event/producer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "common/glob.h"
#include "common/kept_plan.h"
#include "common/shape.h"
#include "common/errors.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/trigger_call.h"
#include "event/event_check.h"
#include "event/producer.h"

PG_FUNCTION_INFO_V1(respond_producer_validate);
PG_FUNCTION_INFO_V1(respond_producers_changed);

/* Columns of respond.producer that are looked at here. */
enum
{
	PRODUCER_ROLE, PRODUCER_SOURCE, PRODUCER_COLUMNS
};

static const ShapeColumn producer_columns[] = {
	{"role", REGROLEOID},
	{"source", TEXTOID},
};

const Shape respond_shape_producer = SHAPE("respond.producer", producer_columns);

static KeptPlan roles_gone = {
	"WITH gone AS (DELETE FROM respond.producer AS p WHERE p.role::pg_catalog.oid OPERATOR(pg_catalog.<>) 0"
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid OPERATOR(pg_catalog.=) p.role::pg_catalog.oid)"
	" RETURNING p.source, p.description)"
	" INSERT INTO respond.producer (role, source, description)"
	" SELECT 0::pg_catalog.oid::pg_catalog.regrole, g.source, pg_catalog.min(g.description) FROM gone AS g GROUP BY"
	" g.source"
	" ON CONFLICT (role, source) DO NOTHING",
	0, {0}
};

typedef struct Claim
{
	Oid			role;
	const char *source;			/* "*" stands for any run of characters */
} Claim;

static MemoryContext claim_context = NULL;
static Claim *claims = NULL;
static int	claim_count = 0;
static bool is_stale = true;
static uint64 changes = 0;		/* that the server told of */
static Oid	producer_table = InvalidOid;

/* The last source that was allowed, and to whom. */
static Oid	allowed_role = InvalidOid;
static char *allowed_source = NULL;
static size_t allowed_length = 0;

static void
forget(void)
{
	is_stale = true;
	allowed_role = InvalidOid;
	changes++;
}

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == producer_table)
		forget();
}

static void
roles_changed(Datum argument, int cache, uint32 hash)
{
	forget();
}

static void
read_claims(Relation table)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[PRODUCER_COLUMNS];
	bool		nulls[PRODUCER_COLUMNS];

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		respond_shape_read(&respond_shape_producer, slot, values, nulls);
		MemoryContextSwitchTo(claim_context);
		claims = claims == NULL ? palloc(sizeof(Claim)) : repalloc(claims, sizeof(Claim) * (claim_count + 1));
		claims[claim_count].role = DatumGetObjectId(values[PRODUCER_ROLE]);
		claims[claim_count].source = TextDatumGetCString(values[PRODUCER_SOURCE]);
		claim_count++;
		MemoryContextSwitchTo(caller);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
}

static void
listen_for_changes(void)
{
	static bool registered = false;

	if (registered)
		return;
	respond_relation_on_change(table_changed);
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
	registered = true;
}

static void
load(void)
{
	uint64		before;
	Relation	table;

	listen_for_changes();
	if (claim_context == NULL)
		claim_context = AllocSetContextCreate(TopMemoryContext, "pg_respond producers", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(claim_context);
	claims = NULL;
	allowed_source = NULL;
	claim_count = 0;
	/* the script of the extension may not have come to it yet */
	producer_table = get_relname_relid("producer", get_namespace_oid("respond", true));
	if (!OidIsValid(producer_table))
		return;
	table = respond_shape_open_heap(producer_table, AccessShareLock);
	/* a message that comes while the table is read must count, and so must an error */
	before = changes;
	read_claims(table);
	table_close(table, AccessShareLock);
	is_stale = changes != before;
}

static char *
find_fault(Oid role, const char *source, size_t length)
{
	bool		is_bound = false;
	const Claim *foreign = NULL;

	for (int i = 0; i < claim_count; i++)
	{
		bool		is_own = has_privs_of_role(role, claims[i].role);

		is_bound |= is_own;
		if (!respond_glob_matches(claims[i].source, source, length))
			continue;
		if (is_own)
			return NULL;
		foreign = &claims[i];
	}
	if (foreign != NULL)
	{
		char	   *owner = GetUserNameFromId(foreign->role, true);

		return owner != NULL ? psprintf("The source belongs to role \"%s\".", owner) :
			pstrdup("The source belonged to a role that was dropped.");
	}
	return is_bound ? pstrdup("The role may use no other sources than those that respond.producer gives it.") : NULL;
}

static void
remember_allowed(Oid role, const char *source, size_t length)
{
	MemoryContext caller = MemoryContextSwitchTo(claim_context);

	if (allowed_source != NULL)
		pfree(allowed_source);
	allowed_source = pnstrdup(source, length);
	MemoryContextSwitchTo(caller);
	allowed_length = length;
	allowed_role = role;
}

char *
respond_producer_fault(Oid role, const char *source, size_t length)
{
	char	   *fault;

	if (is_stale)
		load();
	if (claim_count == 0)
		return NULL;
	if (role == allowed_role && length == allowed_length && memcmp(source, allowed_source, length) == 0)
		return NULL;
	if (superuser_arg(role))
		return NULL;
	fault = find_fault(role, source, length);
	if (fault == NULL && !is_stale)
		remember_allowed(role, source, length);
	return fault;
}

void
respond_producer_check(Oid role, const char *source, size_t length)
{
	char	   *fault = respond_producer_fault(role, source, length);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not record events with source \"%s\"", GetUserNameFromId(role, false),
						pnstrdup(source, length)),
				 errdetail("%s", fault),
				 errhint("A row of respond.producer assigns a source to a role.")));
}

Oid
respond_producer_of_actor(const char *actor)
{
	return get_role_oid(actor, true);
}

uint64
respond_producer_roles_gone(void)
{
	uint64		count;

	SPI_connect();
	count = respond_kept_plan_run_as_owner(&roles_gone, NULL, NULL);
	SPI_finish();
	return count;
}

/* producer_validate(): BEFORE INSERT OR UPDATE ON respond.producer FOR EACH ROW */
Datum
respond_producer_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "producer_validate", "BEFORE", "ROW", "producer");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		is_null;
	Datum		source = heap_getattr(tuple, respond_shape_place(&respond_shape_producer, desc, PRODUCER_SOURCE) + 1,
									  desc, &is_null);

	if (!is_null)
		respond_event_check_source(VARDATA_ANY(DatumGetTextPP(source)), VARSIZE_ANY_EXHDR(DatumGetTextPP(source)));
	return PointerGetDatum(tuple);
}

/* producers_changed(): AFTER any change FOR EACH STATEMENT on respond.producer */
Datum
respond_producers_changed(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "producers_changed", "AFTER", "STATEMENT", "producer");
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "producer"));
	PG_RETURN_POINTER(NULL);
}
