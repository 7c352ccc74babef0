/*-------------------------------------------------------------------------
 * approval.c
 *	  A question that a run asks people, and what they answered: the rows.
 *
 * src/approval/approval.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"

#include "approval/approval.h"
#include "approval/text_list.h"
#include "audit/audit_write.h"
#include "common/clock.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/row_values.h"

static const ShapeColumn approval_columns[] = {
	{"id", UUIDOID},
	{"run_id", INT8OID},
	{"run_started_at", TIMESTAMPTZOID},
	{"rule", TEXTOID},
	{"rule_version", INT4OID},
	{"step", TEXTOID},
	{"pause", INT4OID},
	{"event_id", INT8OID},
	{"depth", INT4OID},
	{"question", TEXTOID},
	{"options", TEXTARRAYOID},
	{"context", JSONBOID},
	{"approvers", TEXTARRAYOID},
	{"quorum", INT4OID},
	{"asked_of", TEXTARRAYOID},
	{"caused_by", TEXTARRAYOID},
	{"self_approval", BOOLOID},
	{"deny_wins", BOOLOID},
	{"status", TEXTOID},
	{"decision", TEXTOID},
	{"asked_at", TIMESTAMPTZOID},
	{"due_at", TIMESTAMPTZOID},
	{"ended_at", TIMESTAMPTZOID},
	{"remind_every", INTERVALOID},
	{"escalate_to", TEXTARRAYOID},
	{"escalated_at", TIMESTAMPTZOID},
	{"roles", TEXTARRAYOID},
	{"role_ids", OIDARRAYOID},
	{"role_system", INT8OID},
};

StaticAssertDecl(lengthof(approval_columns) == APPROVAL_COLUMNS, "each column of respond.approval has its type");

const Shape respond_shape_approval = SHAPE("respond.approval", approval_columns);

static KeptPlan lock_plan = {
	"SELECT a.* FROM respond.approval AS a WHERE a.id OPERATOR(pg_catalog.=) $1 FOR UPDATE", 1, {UUIDOID}
};
static KeptPlan lock_now_plan = {
	"SELECT a.* FROM respond.approval AS a WHERE a.id OPERATOR(pg_catalog.=) $1 FOR UPDATE NOWAIT", 1, {UUIDOID}
};
static KeptPlan end_plan = {
	"UPDATE respond.approval AS a SET status = $2, decision = $3, ended_at = $4 WHERE a.id OPERATOR(pg_catalog.=) $1",
	4, {UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}
};
static KeptPlan escalate_plan = {
	"UPDATE respond.approval AS a SET approvers = $2, asked_of = $3, escalated_at = $4, roles = $5, role_ids = $6,"
	" role_system = $7 WHERE a.id OPERATOR(pg_catalog.=) $1",
	7, {UUIDOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, TEXTARRAYOID, OIDARRAYOID, INT8OID}
};
static KeptPlan cancel_plan = {
	"UPDATE respond.approval AS a SET status = 'cancelled', ended_at = $2"
	" WHERE a.run_id OPERATOR(pg_catalog.=) $1 AND a.status OPERATOR(pg_catalog.=) 'open' RETURNING a.id",
	2, {INT8OID, TIMESTAMPTZOID}
};
static KeptPlan vote_plan = {
	"INSERT INTO respond.approval_vote AS v (approval_id, voter, option, comment, voted_at, session_actor)"
	" VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT approval_vote_pkey DO UPDATE"
	" SET option = excluded.option, comment = excluded.comment, changed_at = excluded.voted_at,"
	" session_actor = excluded.session_actor",
	6, {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID}
};
static KeptPlan votes_plan = {
	"SELECT v.voter, v.option, v.comment FROM respond.approval_vote AS v"
	" WHERE v.approval_id OPERATOR(pg_catalog.=) $1 ORDER BY v.voted_at, v.voter",
	1, {UUIDOID}
};

void
respond_approval_new_id(pg_uuid_t *id)
{
	*id = *DatumGetUUIDP(OidFunctionCall0(F_GEN_RANDOM_UUID));
}

char *
respond_approval_id_text(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

void
respond_approval_read_id(const char *text, pg_uuid_t *id)
{
	*id = *DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(text)));
}

static Datum
array_of(const List *texts)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(texts), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, texts)
		values[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
array_of_ids(const List *ids)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(ids), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, ids)
		values[count++] = ObjectIdGetDatum(lfirst_oid(cell));
	return PointerGetDatum(construct_array(values, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

static List *
list_of(Datum array)
{
	List	   *texts = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(values[i]));
	return texts;
}

static List *
list_of_ids(Datum array)
{
	List	   *ids = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), OIDOID, sizeof(Oid), true, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		ids = lappend_oid(ids, nulls[i] ? InvalidOid : DatumGetObjectId(values[i]));
	return ids;
}

AskedRoles
respond_approval_roles(Datum names, Datum ids, int64 system)
{
	AskedRoles	roles = {list_of(names), list_of_ids(ids), system};

	return roles;
}

static void
fill_row(Datum *values, bool *nulls, const Approval *approval)
{
	memset(nulls, 0, sizeof(bool) * APPROVAL_COLUMNS);
	values[APPROVAL_ID] = UUIDPGetDatum(&approval->id);
	values[APPROVAL_RUN_ID] = Int64GetDatum(approval->run_id);
	values[APPROVAL_RUN_STARTED_AT] = TimestampTzGetDatum(approval->run_started_at);
	respond_row_set_text(values, nulls, APPROVAL_RULE, approval->rule);
	values[APPROVAL_RULE_VERSION] = Int32GetDatum(approval->rule_version);
	respond_row_set_text(values, nulls, APPROVAL_STEP, approval->step);
	values[APPROVAL_PAUSE] = Int32GetDatum(approval->pause);
	respond_row_set_int64(values, nulls, APPROVAL_EVENT_ID, approval->event_id);
	values[APPROVAL_DEPTH] = Int32GetDatum(approval->depth);
	respond_row_set_text(values, nulls, APPROVAL_QUESTION, approval->question);
	values[APPROVAL_OPTIONS] = array_of(approval->options);
	values[APPROVAL_CONTEXT] = JsonbPGetDatum(approval->context);
	values[APPROVAL_APPROVERS] = array_of(approval->approvers);
	values[APPROVAL_QUORUM] = Int32GetDatum(approval->quorum);
	nulls[APPROVAL_QUORUM] = approval->quorum == 0;
	values[APPROVAL_ASKED_OF] = array_of(approval->asked_of);
	values[APPROVAL_CAUSED_BY] = array_of(approval->caused_by);
	values[APPROVAL_SELF_APPROVAL] = BoolGetDatum(approval->self_approval);
	values[APPROVAL_DENY_WINS] = BoolGetDatum(approval->deny_wins);
	respond_row_set_text(values, nulls, APPROVAL_STATUS, APPROVAL_OPEN);
	nulls[APPROVAL_DECISION] = true;
	values[APPROVAL_ASKED_AT] = TimestampTzGetDatum(approval->asked_at);
	values[APPROVAL_DUE_AT] = TimestampTzGetDatum(approval->due_at);
	nulls[APPROVAL_DUE_AT] = approval->due_at == DT_NOEND;
	nulls[APPROVAL_ENDED_AT] = true;
	values[APPROVAL_REMIND_EVERY] = IntervalPGetDatum(approval->remind_every);
	nulls[APPROVAL_REMIND_EVERY] = approval->remind_every == NULL;
	values[APPROVAL_ESCALATE_TO] = array_of(approval->escalate_to);
	values[APPROVAL_ESCALATED_AT] = TimestampTzGetDatum(approval->asked_at);
	nulls[APPROVAL_ESCALATED_AT] = !approval->escalated;
	values[APPROVAL_ROLES] = array_of(approval->roles.names);
	values[APPROVAL_ROLE_IDS] = array_of_ids(approval->roles.ids);
	values[APPROVAL_ROLE_SYSTEM] = Int64GetDatum(approval->roles.system);
}

void
respond_approval_insert(const Approval *approval)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond", "approval"),
															&respond_shape_approval);
	Datum		values[APPROVAL_COLUMNS] = {0};
	bool		nulls[APPROVAL_COLUMNS];

	fill_row(values, nulls, approval);
	respond_partition_writer_add(writer, 0, values, nulls);
	respond_partition_writer_close(writer);
}

static Approval *
read_row(const Datum *values, const bool *nulls)
{
	Approval   *approval = palloc0(sizeof(Approval));

	approval->id = *DatumGetUUIDP(values[APPROVAL_ID]);
	approval->run_id = DatumGetInt64(values[APPROVAL_RUN_ID]);
	approval->run_started_at = DatumGetTimestampTz(values[APPROVAL_RUN_STARTED_AT]);
	approval->rule = respond_row_text(values, nulls, APPROVAL_RULE);
	approval->rule_version = DatumGetInt32(values[APPROVAL_RULE_VERSION]);
	approval->step = respond_row_text(values, nulls, APPROVAL_STEP);
	approval->pause = DatumGetInt32(values[APPROVAL_PAUSE]);
	approval->event_id = nulls[APPROVAL_EVENT_ID] ? 0 : DatumGetInt64(values[APPROVAL_EVENT_ID]);
	approval->depth = DatumGetInt32(values[APPROVAL_DEPTH]);
	approval->question = respond_row_text(values, nulls, APPROVAL_QUESTION);
	approval->options = list_of(values[APPROVAL_OPTIONS]);
	approval->context = respond_row_jsonb(values, nulls, APPROVAL_CONTEXT);
	approval->approvers = list_of(values[APPROVAL_APPROVERS]);
	approval->quorum = nulls[APPROVAL_QUORUM] ? 0 : DatumGetInt32(values[APPROVAL_QUORUM]);
	approval->asked_of = list_of(values[APPROVAL_ASKED_OF]);
	approval->caused_by = list_of(values[APPROVAL_CAUSED_BY]);
	approval->self_approval = DatumGetBool(values[APPROVAL_SELF_APPROVAL]);
	approval->deny_wins = DatumGetBool(values[APPROVAL_DENY_WINS]);
	approval->status = respond_row_text(values, nulls, APPROVAL_STATUS);
	approval->decision = respond_row_text(values, nulls, APPROVAL_DECISION);
	approval->asked_at = DatumGetTimestampTz(values[APPROVAL_ASKED_AT]);
	approval->due_at = nulls[APPROVAL_DUE_AT] ? DT_NOEND : DatumGetTimestampTz(values[APPROVAL_DUE_AT]);
	if (!nulls[APPROVAL_REMIND_EVERY])
	{
		approval->remind_every = palloc(sizeof(Interval));
		*approval->remind_every = *DatumGetIntervalP(values[APPROVAL_REMIND_EVERY]);
	}
	approval->escalate_to = list_of(values[APPROVAL_ESCALATE_TO]);
	approval->escalated = !nulls[APPROVAL_ESCALATED_AT];
	approval->roles = respond_approval_roles(values[APPROVAL_ROLES], values[APPROVAL_ROLE_IDS],
											 DatumGetInt64(values[APPROVAL_ROLE_SYSTEM]));
	return approval;
}

Approval *
respond_approval_lock(const pg_uuid_t *id, bool wait)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = UUIDPGetDatum(id);
	Approval   *approval = NULL;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(wait ? &lock_plan : &lock_now_plan, &value, NULL) > 0)
	{
		Datum		values[APPROVAL_COLUMNS];
		bool		nulls[APPROVAL_COLUMNS];
		MemoryContext spi = MemoryContextSwitchTo(caller);

		respond_shape_deform(&respond_shape_approval, SPI_tuptable->tupdesc, SPI_tuptable->vals[0], values, nulls);
		approval = read_row(values, nulls);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return approval;
}

void
respond_approval_end(Approval *approval, const char *status, const char *decision)
{
	Datum		values[4] = {UUIDPGetDatum(&approval->id), CStringGetTextDatum(status), 0,
	TimestampTzGetDatum(respond_clock_now())};

	if (decision != NULL)
		values[2] = CStringGetTextDatum(decision);
	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&end_plan, values, decision != NULL ? NULL : "  n ");
	SPI_finish();
	approval->status = status;
	approval->decision = decision;
}

void
respond_approval_escalate(Approval *approval, const List *asked_of)
{
	Datum		values[7];

	approval->approvers = respond_texts_union(approval->approvers, approval->escalate_to);
	approval->asked_of = list_copy(asked_of);
	approval->escalated = true;
	values[0] = UUIDPGetDatum(&approval->id);
	values[1] = array_of(approval->approvers);
	values[2] = array_of(approval->asked_of);
	values[3] = TimestampTzGetDatum(respond_clock_now());
	values[4] = array_of(approval->roles.names);
	values[5] = array_of_ids(approval->roles.ids);
	values[6] = Int64GetDatum(approval->roles.system);
	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&escalate_plan, values, NULL);
	SPI_finish();
}

int64
respond_approvals_cancel(int64 run_id)
{
	Datum		values[2] = {Int64GetDatum(run_id), TimestampTzGetDatum(respond_clock_now())};
	AuditRow	row = {.action = "approval.cancelled",.object_type = "approval"};
	uint64		count;

	SPI_connect();
	count = respond_kept_plan_run_newest(&cancel_plan, values, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		row.object_id = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		respond_audit_write(&row, 1);
	}
	SPI_finish();
	return count;
}

void
respond_vote_put(const Approval *approval, const Vote *vote, const char *session_actor)
{
	Datum		values[6] = {UUIDPGetDatum(&approval->id), CStringGetTextDatum(vote->voter),
	CStringGetTextDatum(vote->option), 0, TimestampTzGetDatum(respond_clock_now()), 0};
	char		nulls[] = "      ";

	nulls[3] = vote->comment != NULL ? ' ' : 'n';
	if (vote->comment != NULL)
		values[3] = CStringGetTextDatum(vote->comment);
	nulls[5] = session_actor != NULL ? ' ' : 'n';
	if (session_actor != NULL)
		values[5] = CStringGetTextDatum(session_actor);
	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&vote_plan, values, nulls);
	SPI_finish();
}

List *
respond_votes(const Approval *approval)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = UUIDPGetDatum(&approval->id);
	List	   *votes = NIL;
	uint64		count;

	SPI_connect();
	/* those, too, that were committed while this transaction waited for the row */
	count = respond_kept_plan_run_newest(&votes_plan, &value, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Vote	   *vote = palloc(sizeof(Vote));

		vote->voter = SPI_getvalue(tuple, desc, 1);
		vote->option = SPI_getvalue(tuple, desc, 2);
		vote->comment = SPI_getvalue(tuple, desc, 3);
		votes = lappend(votes, vote);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return votes;
}
