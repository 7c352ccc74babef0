/*-------------------------------------------------------------------------
 * ticket_columns.c
 *	  Where the columns of respond.ticket are that C code looks at.
 *
 * src/desk/ticket_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "desk/ticket_columns.h"

/* Those that are looked at. */
enum
{
	TICKET_ID, TICKET_STATUS, TICKET_PRIORITY, TICKET_TEAM, TICKET_ASSIGNEE, TICKET_TAGS, TICKET_KEY,
	TICKET_SESSION_ACTOR, TICKET_EVENT_ID, TICKET_RUN_ID,
	TICKET_CREATED_BY, TICKET_CREATED_AT, TICKET_UPDATED_AT, TICKET_SOLVED_AT, TICKET_CLOSED_AT, TICKET_MERGED_INTO,
	TICKET_COLUMNS
};

static const ShapeColumn ticket_columns[] = {
	{"id", INT8OID},
	{"status", TEXTOID},
	{"priority", TEXTOID},
	{"team", TEXTOID},
	{"assignee", TEXTOID},
	{"tags", TEXTARRAYOID},
	{"key", TEXTOID},
	{"session_actor", TEXTOID},
	{"event_id", INT8OID},
	{"run_id", INT8OID},
	{"created_by", TEXTOID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"solved_at", TIMESTAMPTZOID},
	{"closed_at", TIMESTAMPTZOID},
	{"merged_into", INT8OID},
};

static const ShapeColumn comment_columns[] = {
	{"id", INT8OID},
	{"ticket_id", INT8OID},
	{"author", TEXTOID},
	{"kind", TEXTOID},
	{"body", TEXTOID},
	{"run_id", INT8OID},
};

static const ShapeColumn rating_columns[] = {
	{"id", INT8OID},
	{"ticket_id", INT8OID},
	{"score", INT4OID},
	{"rated_by", TEXTOID},
	{"run_id", INT8OID},
};

static const ShapeColumn team_columns[] = {
	{"name", TEXTOID},
};

StaticAssertDecl(lengthof(ticket_columns) == TICKET_COLUMNS, "each column of respond.ticket has its type");

const Shape respond_shape_ticket = SHAPE("respond.ticket", ticket_columns);
const Shape respond_shape_comment = SHAPE("respond.comment", comment_columns);
const Shape respond_shape_rating = SHAPE("respond.rating", rating_columns);
const Shape respond_shape_team = SHAPE("respond.team", team_columns);

int
respond_column_place(const Shape *shape, TupleDesc desc, const char *name)
{
	for (int i = 0; i < shape->count; i++)
		if (strcmp(shape->columns[i].name, name) == 0)
			return respond_shape_place(shape, desc, i);
	elog(ERROR, "column \"%s\" is not in the shape of table \"%s\"", name, shape->table);
}

void
respond_ticket_columns(TupleDesc desc, TicketColumns *columns)
{
	int			places[TICKET_COLUMNS];

	respond_shape_find(&respond_shape_ticket, desc, places);
	columns->id = places[TICKET_ID];
	columns->status = places[TICKET_STATUS];
	columns->priority = places[TICKET_PRIORITY];
	columns->team = places[TICKET_TEAM];
	columns->assignee = places[TICKET_ASSIGNEE];
	columns->tags = places[TICKET_TAGS];
	columns->key = places[TICKET_KEY];
	columns->session_actor = places[TICKET_SESSION_ACTOR];
	columns->event_id = places[TICKET_EVENT_ID];
	columns->run_id = places[TICKET_RUN_ID];
	columns->created_by = places[TICKET_CREATED_BY];
	columns->created_at = places[TICKET_CREATED_AT];
	columns->updated_at = places[TICKET_UPDATED_AT];
	columns->solved_at = places[TICKET_SOLVED_AT];
	columns->closed_at = places[TICKET_CLOSED_AT];
	columns->merged_into = places[TICKET_MERGED_INTO];
}
