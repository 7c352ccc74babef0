/*-------------------------------------------------------------------------
 * ticket_columns.c
 *	  Where the columns of respond.ticket are that C code looks at.
 *
 * src/desk/ticket_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "desk/ticket_columns.h"

int
respond_column_place(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i;
	}
	elog(ERROR, "a table of pg_respond has no column \"%s\"", name);
}

void
respond_ticket_columns(TupleDesc desc, TicketColumns *columns)
{
	columns->id = respond_column_place(desc, "id");
	columns->status = respond_column_place(desc, "status");
	columns->priority = respond_column_place(desc, "priority");
	columns->team = respond_column_place(desc, "team");
	columns->assignee = respond_column_place(desc, "assignee");
	columns->tags = respond_column_place(desc, "tags");
	columns->key = respond_column_place(desc, "key");
	columns->session_actor = respond_column_place(desc, "session_actor");
	columns->event_id = respond_column_place(desc, "event_id");
	columns->run_id = respond_column_place(desc, "run_id");
	columns->created_by = respond_column_place(desc, "created_by");
	columns->created_at = respond_column_place(desc, "created_at");
	columns->updated_at = respond_column_place(desc, "updated_at");
	columns->solved_at = respond_column_place(desc, "solved_at");
	columns->closed_at = respond_column_place(desc, "closed_at");
}
