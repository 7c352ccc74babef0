/*-------------------------------------------------------------------------
 * ticket_find.c
 *	  What actions look up at the desk before they act.
 *
 * A team that was found is not looked for again until the buffer is written;
 * the foreign key has the last word.
 *
 * src/desk/ticket_find.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "common/kept_plan.h"
#include "desk/desk_check.h"
#include "desk/ticket_find.h"
#include "effect/ticket_write.h"

static KeptPlan find_by_key = {
	"SELECT t.id FROM respond.ticket AS t"
	" WHERE t.key OPERATOR(pg_catalog.=) $1"
	" AND t.status OPERATOR(pg_catalog.<>) ALL ('" TICKET_DONE_STATUSES "')",
	1, {TEXTOID}
};

/*
 * Rings cannot be, and would end: UNION has each row once.  Of several tickets
 * that had the key the one that was merged last counts.
 */
#define CHAIN(first) \
	"WITH RECURSIVE chain AS (" first \
	" UNION SELECT t.id, t.merged_into, t.status FROM chain AS c" \
	" JOIN respond.ticket AS t ON t.id OPERATOR(pg_catalog.=) c.merged_into)" \
	" SELECT c.id FROM chain AS c WHERE c.merged_into IS NULL"

static KeptPlan find_merged_by_key = {
	CHAIN("(SELECT t.id, t.merged_into, t.status FROM respond.ticket AS t"
		  " WHERE t.key OPERATOR(pg_catalog.=) $1 AND t.merged_into IS NOT NULL"
		  " ORDER BY t.closed_at DESC, t.id DESC LIMIT 1)")
	" AND c.status OPERATOR(pg_catalog.<>) ALL ('" TICKET_DONE_STATUSES "')",
	1, {TEXTOID}
};

static KeptPlan find_lead = {
	CHAIN("SELECT t.id, t.merged_into, t.status FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1"),
	1, {INT8OID}
};

static KeptPlan find_by_id = {
	"SELECT coalesce(t.merged_into, t.id) FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};

static KeptPlan find_status = {
	"SELECT t.status FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};

static KeptPlan find_team = {
	"SELECT 1::pg_catalog.int8 FROM respond.team AS t WHERE t.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};

int64
respond_ticket_find_open(const char *key)
{
	int64		id = respond_effects_ticket_by_key(key);
	Datum		values[1];

	if (id != 0)
		return id;
	values[0] = CStringGetTextDatum(key);
	if (respond_kept_plan_int64(&find_by_key, values, &id))
		return id;
	return respond_kept_plan_int64(&find_merged_by_key, values, &id) ? id : 0;
}

int64
respond_ticket_find(int64 id)
{
	Datum		values[1] = {Int64GetDatum(id)};
	int64		found;

	if (respond_effects_has_ticket(id))
		return id;
	if (!respond_kept_plan_int64(&find_by_id, values, &found))
		return 0;
	if (found == id)
		return id;
	return respond_kept_plan_int64(&find_lead, values, &found) ? found : 0;
}

void
respond_team_look(const char *place, const char *team)
{
	Datum		values[1] = {CStringGetTextDatum(team)};
	int64		found;

	if (!respond_kept_plan_int64(&find_team, values, &found))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.team: team \"%s\" does not exist", place, team),
				 errhint("Add it with INSERT INTO respond.team (name) VALUES (%s).",
						 quote_literal_cstr(team))));
}

void
respond_team_check(const char *place, const char *team)
{
	if (respond_effects_knows_team(team))
		return;
	respond_team_look(place, team);
	respond_effects_note_team(team);
}

void
respond_ticket_look(const char *place, int64 id, const char *status)
{
	Datum		values[1] = {Int64GetDatum(id)};
	MemoryContext caller = CurrentMemoryContext;
	char	   *current = NULL;

	SPI_connect();
	if (respond_kept_plan_run(&find_status, values, NULL) > 0)
		current = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	if (current == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.ticket: ticket " INT64_FORMAT " does not exist", place, id)));
	if (status != NULL && status[0] != '\0')
		respond_desk_check_transition(id, respond_desk_status(current, strlen(current)),
									  respond_desk_status(status, strlen(status)));
}
