/*-------------------------------------------------------------------------
 * reference.c
 *	  What foreign keys would keep between tickets, teams and comments.
 *
 * Declared foreign keys would be in the way of a restore: the tables of an
 * extension have their constraints before their rows, and a parallel
 * pg_restore loads them in any order.  They would also cost a query per row,
 * and their message does not tell the remedy.  So the statement triggers of the
 * desk ask once for a group of rows, and leave rows of a dump alone.
 *
 * The rules are those of the server's own keys.  Whoever refers to a row locks
 * it FOR KEY SHARE; whoever removes it then waits, and looks with a snapshot
 * that is newer than that of its transaction, so that it sees what it waited
 * for under REPEATABLE READ too.  The queries run as the owner of the tables:
 * an agent needs no right to lock a team.
 *
 * src/desk/reference.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/trigger_call.h"
#include "desk/reference.h"
#include "desk/ticket_columns.h"

PG_FUNCTION_INFO_V1(respond_team_reference);
PG_FUNCTION_INFO_V1(respond_ticket_reference);

static KeptPlan lock_teams = {
	"SELECT t.name FROM respond.team AS t WHERE t.name OPERATOR(pg_catalog.=) ANY ($1) FOR KEY SHARE OF t",
	1, {TEXTARRAYOID}
};
static KeptPlan lock_tickets = {
	"SELECT t.id FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) ANY ($1) FOR KEY SHARE OF t",
	1, {INT8ARRAYOID}
};
static KeptPlan delete_comments = {
	"DELETE FROM respond.comment AS c WHERE c.ticket_id OPERATOR(pg_catalog.=) ANY ($1)",
	1, {INT8ARRAYOID}
};
static KeptPlan delete_all_comments = {
	"DELETE FROM respond.comment", 0
};
static KeptPlan find_ticket_of_team = {
	"SELECT t.id FROM respond.ticket AS t WHERE t.team OPERATOR(pg_catalog.=) $1 LIMIT 1",
	1, {TEXTOID}
};
static KeptPlan find_ticket_with_team = {
	"SELECT t.id FROM respond.ticket AS t WHERE t.team IS NOT NULL LIMIT 1", 0
};
static KeptPlan rename_team = {
	"UPDATE respond.ticket AS t SET team = $2 WHERE t.team OPERATOR(pg_catalog.=) $1",
	2, {TEXTOID, TEXTOID}
};

static Datum
result_value(uint64 row)
{
	bool		is_null;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &is_null);
}

static bool
team_was_found(text *name)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		text	   *found = DatumGetTextPP(result_value(i));

		if (VARSIZE_ANY_EXHDR(found) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(VARDATA_ANY(found), VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0)
			return true;
	}
	return false;
}

void
respond_reference_require_teams(Datum *names, int count)
{
	Datum		argument;

	if (count == 0)
		return;
	argument = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
	SPI_connect();
	respond_kept_plan_run_as_owner(&lock_teams, &argument, NULL);
	for (int i = 0; i < count && SPI_processed < count; i++)
	{
		char	   *name;

		if (team_was_found(DatumGetTextPP(names[i])))
			continue;
		name = TextDatumGetCString(names[i]);
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("team \"%s\" does not exist", name),
				 errdetail("A ticket refers to it."),
				 errhint("Create it with INSERT INTO respond.team (name) VALUES (%s), or use a team that exists.",
						 quote_literal_cstr(name))));
	}
	SPI_finish();
}

static int
compare_ids(const void *a, const void *b)
{
	int64		left = DatumGetInt64(*(const Datum *) a);
	int64		right = DatumGetInt64(*(const Datum *) b);

	return left < right ? -1 : left > right;
}

static bool
ticket_was_found(int64 id)
{
	for (uint64 i = 0; i < SPI_processed; i++)
		if (DatumGetInt64(result_value(i)) == id)
			return true;
	return false;
}

static Datum
id_array(Datum *ids, int count)
{
	return PointerGetDatum(construct_array(ids, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

void
respond_reference_no_ticket(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("ticket " INT64_FORMAT " does not exist", id),
			 errdetail("A comment refers to it."),
			 errhint("Look it up in respond.ticket; it may have been deleted.")));
}

void
respond_reference_require_tickets(Datum *ids, int count)
{
	Datum		argument;
	int			distinct = 0;

	if (count == 0)
		return;
	qsort(ids, count, sizeof(Datum), compare_ids);
	for (int i = 0; i < count; i++)
		if (distinct == 0 || ids[i] != ids[distinct - 1])
			ids[distinct++] = ids[i];

	argument = id_array(ids, distinct);
	SPI_connect();
	respond_kept_plan_run_as_owner(&lock_tickets, &argument, NULL);
	for (int i = 0; i < distinct && SPI_processed < distinct; i++)
		if (!ticket_was_found(DatumGetInt64(ids[i])))
			respond_reference_no_ticket(DatumGetInt64(ids[i]));
	SPI_finish();
}

void
respond_reference_delete_comments(Datum *ids, int count)
{
	Datum		argument;

	if (count == 0)
		return;
	argument = id_array(ids, count);
	SPI_connect();
	respond_kept_plan_run_newest(&delete_comments, &argument, NULL);
	SPI_finish();
}

static void
refuse_removal(const char *team)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 team != NULL ? errmsg("team \"%s\" still has tickets", team) :
			 errmsg("teams still have tickets"),
			 errdetail("Ticket " INT64_FORMAT " is one of them.", DatumGetInt64(result_value(0))),
			 errhint("Give the tickets to another team first.")));
}

/*
 * AFTER DELETE OR UPDATE OF name on respond.team for each row, and AFTER
 * TRUNCATE for each statement: a team with tickets cannot go, and takes them
 * along when its name changes.
 */
Datum
respond_team_reference(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "team_reference", "AFTER", NULL, "team");
	Datum		names[2] = {0};
	bool		is_null;
	int			column;

	SPI_connect();
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		respond_kept_plan_run_newest(&find_ticket_with_team, names, NULL);
		if (SPI_processed > 0)
			refuse_removal(NULL);
	}
	else
	{
		column = respond_column_place(&respond_shape_team, RelationGetDescr(trigger->tg_relation), "name") + 1;
		names[0] = slot_getattr(trigger->tg_trigslot, column, &is_null);
		if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		{
			respond_kept_plan_run_newest(&find_ticket_of_team, names, NULL);
			if (SPI_processed > 0)
				refuse_removal(TextDatumGetCString(names[0]));
		}
		else
		{
			names[1] = slot_getattr(trigger->tg_newslot, column, &is_null);
			respond_kept_plan_run_newest(&rename_team, names, NULL);
		}
	}
	SPI_finish();
	PG_RETURN_POINTER(NULL);
}

/* AFTER TRUNCATE on respond.ticket, for each statement: the comments go too. */
Datum
respond_ticket_reference(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "ticket_reference", "AFTER", "STATEMENT", "ticket");

	SPI_connect();
	respond_kept_plan_run_newest(&delete_all_comments, NULL, NULL);
	SPI_finish();
	PG_RETURN_POINTER(NULL);
}
