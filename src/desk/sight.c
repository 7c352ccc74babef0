/*-------------------------------------------------------------------------
 * sight.c
 *	  Which tickets somebody sees: what the row policies of the desk ask.
 *
 * An agent sees the tickets of their teams, those that are assigned to them, and
 * those that have no team yet.  The policies ask for the teams and the names
 * once per statement, in a subquery of their own, and compare a column with
 * what they get: a call for each row would cost more than the row.
 *
 * The server applies the policies for SELECT to a row that was just written,
 * too, as soon as the statement reads any column: in its WHERE, in RETURNING.
 * So nobody could ever give a ticket away.  That the team of a ticket is the
 * last thing that an agent may do to it is deliberate here.  The trigger before
 * the write notes the ticket, and for the rest of the statement it is seen.
 * Nobody but that trigger can note one.
 *
 * src/desk/sight.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rls.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "desk/agent.h"
#include "desk/reference.h"
#include "desk/sight.h"
#include "event/event_defaults.h"

PG_FUNCTION_INFO_V1(respond_is_agent);
PG_FUNCTION_INFO_V1(respond_agents_of_caller);
PG_FUNCTION_INFO_V1(respond_teams_of_caller);
PG_FUNCTION_INFO_V1(respond_writes_ticket);
PG_FUNCTION_INFO_V1(respond_require_ticket);
PG_FUNCTION_INFO_V1(respond_ticket_of_event);

static KeptPlan teams_of_agents = {
	"SELECT DISTINCT m.team FROM respond.team_member AS m WHERE m.agent OPERATOR(pg_catalog.=) ANY ($1)",
	1, {TEXTARRAYOID}
};
static KeptPlan find_ticket = {
	"SELECT FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};
static KeptPlan find_subject = {
	"SELECT e.subject FROM respond.event AS e WHERE e.id OPERATOR(pg_catalog.=) $1"
	" AND e.source OPERATOR(pg_catalog.=) $2",
	2, {INT8OID, TEXTOID}
};

/* The ticket that is being written; 0: none. */
static int64 written_ticket = 0;
static SubTransactionId written_in;
static LocalTransactionId written_by;

void
respond_sight_of_written(int64 ticket_id)
{
	written_ticket = ticket_id;
	written_in = GetCurrentSubTransactionId();
	written_by = respond_my_lxid();
}

void
respond_sight_of_written_ends(void)
{
	written_ticket = 0;
}

bool
respond_sight_of_ticket(int64 ticket_id)
{
	Oid			table = respond_relation_oid("respond", "ticket");
	Datum		value = Int64GetDatum(ticket_id);
	bool		found;

	if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return false;
	if (check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
		return true;
	SPI_connect();
	found = respond_kept_plan_run(&find_ticket, &value, NULL) > 0;
	SPI_finish();
	return found;
}

/* is_agent() → whether the current role has the rights of an agent */
Datum
respond_is_agent(PG_FUNCTION_ARGS)
{
	Oid			agents = get_role_oid("respond_agent", true);

	PG_RETURN_BOOL(OidIsValid(agents) && has_privs_of_role(GetUserId(), agents));
}

static Datum
text_array(List *names)
{
	Datum	   *values = palloc(Max(list_length(names), 1) * sizeof(Datum));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, names)
		values[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* agents_of_caller() → names of the agents that the current role is */
Datum
respond_agents_of_caller(PG_FUNCTION_ARGS)
{
	return text_array(respond_agents_of_role(GetUserId()));
}

/* teams_of_caller() → the teams of these agents */
Datum
respond_teams_of_caller(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		names = text_array(respond_agents_of_role(GetUserId()));
	List	   *teams = NIL;
	uint64		count;

	if (ARR_NDIM(DatumGetArrayTypeP(names)) == 0)
		return names;
	SPI_connect();
	count = respond_kept_plan_run_as_owner(&teams_of_agents, &names, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		teams = lappend(teams, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return text_array(teams);
}

/* writes_ticket(id) → whether the running statement has just written this ticket */
Datum
respond_writes_ticket(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(written_ticket != 0 && written_ticket == PG_GETARG_INT64(0) &&
				   written_by == respond_my_lxid() && written_in == GetCurrentSubTransactionId());
}

/* require_ticket(id) → never; for who does not see a ticket there is none */
Datum
respond_require_ticket(PG_FUNCTION_ARGS)
{
	respond_reference_no_ticket(PG_GETARG_INT64(0));
	PG_RETURN_BOOL(false);
}

/* The number in "ticket/N"; 0: it is none. */
static int64
number_of_ticket(const char *subject)
{
	static const char before[] = "ticket/";
	int64		number = 0;

	if (subject == NULL || strncmp(subject, before, strlen(before)) != 0)
		return 0;
	for (const char *at = subject + strlen(before); *at != '\0'; at++)
		if (*at < '0' || *at > '9' || pg_mul_s64_overflow(number, 10, &number) ||
			pg_add_s64_overflow(number, *at - '0', &number))
			return 0;
	return number;
}

/* ticket_of_event(event_id) → number of the ticket that an event of this database is about, or NULL */
Datum
respond_ticket_of_event(PG_FUNCTION_ARGS)
{
	Datum		values[2] = {PG_GETARG_DATUM(0), PointerGetDatum(respond_event_defaults_source())};
	int64		number = 0;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(&find_subject, values, NULL) > 0)
		number = number_of_ticket(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	if (number == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(number);
}
