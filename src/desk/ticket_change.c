/*-------------------------------------------------------------------------
 * ticket_change.c
 *	  Changing a ticket that is already in the table.
 *
 * src/desk/ticket_change.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/contain.h"
#include "common/errors.h"
#include "common/kept_plan.h"
#include "desk/ticket_change.h"

#define CHANGE(column, flag, value) \
	#column " = CASE WHEN " flag " THEN " value " ELSE t." #column " END"

static KeptPlan update_ticket = {
	"UPDATE respond.ticket AS t SET "
	CHANGE(subject, "$2", "$3") ", "
	CHANGE(description, "$4", "$5") ", "
	CHANGE(status, "$6", "$7") ", "
	CHANGE(priority, "$8", "$9") ", "
	CHANGE(team, "$10", "$11") ", "
	CHANGE(assignee, "$12", "$13") ", "
	CHANGE(requester, "$14", "$15") ", "
	CHANGE(tags, "$16", "$17") ", "
	CHANGE(fields, "$18", "t.fields OPERATOR(pg_catalog.||) $19")
	" WHERE t.id OPERATOR(pg_catalog.=) $1",
	19,
	{INT8OID, BOOLOID, TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTOID,
	BOOLOID, TEXTOID, BOOLOID, TEXTOID, BOOLOID, TEXTARRAYOID, BOOLOID, JSONBOID}
};

static Datum
tags_datum(const TicketChange *change)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(change->tag_count, 1));

	for (int i = 0; i < change->tag_count; i++)
		values[i] = CStringGetTextDatum(change->tags[i]);
	return PointerGetDatum(construct_array(values, change->tag_count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
run_update(void *argument)
{
	const TicketChange *change = argument;
	Datum		values[19];
	char		nulls[19];
	int			next = 0;
	uint64		updated;

	memset(nulls, ' ', sizeof(nulls));
	SPI_connect();
	values[next++] = Int64GetDatum(change->id);
	for (int i = 0; i < lengthof(change->columns); i++)
	{
		const ColumnChange *column = &change->columns[i];

		values[next++] = BoolGetDatum(column->given);
		nulls[next] = column->text != NULL ? ' ' : 'n';
		values[next++] = column->text != NULL ? CStringGetTextDatum(column->text) : (Datum) 0;
	}
	values[next++] = BoolGetDatum(change->tags_given);
	values[next++] = tags_datum(change);
	values[next++] = BoolGetDatum(change->fields != NULL);
	nulls[next] = change->fields != NULL ? ' ' : 'n';
	values[next] = JsonbPGetDatum(change->fields);
	updated = respond_kept_plan_run(&update_ticket, values, nulls);
	SPI_finish();
	if (updated == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("ticket " INT64_FORMAT " does not exist", change->id)));
}

/* A ticket that somebody keeps locked raises lock_not_available, see pg_respond.lock_timeout. */
void
respond_ticket_change(const TicketChange *change)
{
	respond_contain(run_update, unconstify(TicketChange *, change));
}
