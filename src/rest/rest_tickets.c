/*-------------------------------------------------------------------------
 * rest_tickets.c
 *	  Tickets and their comments over HTTP.
 *
 * src/rest/rest_tickets.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"

#include "rest/entity_tag.h"
#include "rest/rest_answers.h"
#include "rest/rest_body.h"
#include "rest/rest_filter.h"
#include "rest/rest_page.h"
#include "rest/rest_query.h"
#include "rest/rest_tag.h"

void
respond_rest_tickets_list(RestCall *call)
{
	static const RestList list = {&respond_resource_ticket, LIST_BY_ID};
	const char *tag = respond_rest_query_text(call, "tag");
	RestSql		conditions;

	respond_rest_sql_begin(&conditions, "true");
	respond_rest_filter_texts(call, &conditions, "status", "r.status");
	respond_rest_filter_texts(call, &conditions, "priority", "r.priority");
	respond_rest_filter_texts(call, &conditions, "team", "r.team");
	respond_rest_filter_texts(call, &conditions, "assignee", "r.assignee");
	respond_rest_filter_texts(call, &conditions, "requester", "r.requester");
	respond_rest_filter_texts(call, &conditions, "key", "r.key");
	respond_rest_filter_since(call, &conditions, "updated_since", "r.updated_at");
	if (tag != NULL)
	{
		respond_rest_sql_add(&conditions, " AND ");
		respond_rest_sql_value(&conditions, tag);
		respond_rest_sql_add(&conditions, " OPERATOR(pg_catalog.=) ANY (r.tags)");
	}
	respond_rest_answer_page(call, &list, &conditions);
}

/* Answers with the row and its tag. */
static void
answer_ticket(RestCall *call, int status, const char *json)
{
	if (json == NULL)
	{
		respond_call_refuse(call, 404, "There is no such ticket, or the role of the token does not see it.");
		return;
	}
	respond_call_json(call, status, json);
	respond_rest_tag_put(call, respond_rest_tag(json));
}

void
respond_rest_ticket_get(RestCall *call)
{
	char	   *json = respond_rest_row(call, &respond_resource_ticket, respond_call_value(call, 0), false);

	if (json == NULL || !respond_rest_tag_is_known(call, respond_rest_tag(json)))
		answer_ticket(call, 200, json);
}

/* Appends the value of a field of the body as one of its column's type. */
static void
add_value(RestCall *call, RestSql *sql, const Field *field)
{
	switch (field->kind)
	{
		case FIELD_TEXTS:
			respond_rest_sql_add(sql, "ARRAY(SELECT pg_catalog.jsonb_array_elements_text(");
			respond_rest_sql_value(sql, respond_body_json(call, field->name));
			respond_rest_sql_add(sql, "::pg_catalog.jsonb))");
			break;
		case FIELD_OBJECT:
			respond_rest_sql_value(sql, respond_body_json(call, field->name));
			respond_rest_sql_add(sql, "::pg_catalog.jsonb");
			break;
		case FIELD_NUMBER:
			respond_rest_sql_value(sql, respond_body_text(call, field->name));
			respond_rest_sql_add(sql, "::pg_catalog.int8");
			break;
		default:
			respond_rest_sql_value(sql, respond_body_text(call, field->name));
			break;
	}
}

/* Appends the names of the fields that the body has, with commas. */
static void
add_names(RestCall *call, RestSql *sql)
{
	const Resource *body = call->route->body;
	bool		first = true;

	for (int i = 0; i < body->count; i++)
	{
		if (respond_body_field(call, body->fields[i].name) == NULL)
			continue;
		respond_rest_sql_add(sql, first ? "\"" : ", \"");
		respond_rest_sql_add(sql, body->fields[i].name);
		respond_rest_sql_add(sql, "\"");
		first = false;
	}
}

/* Appends their values, with the names before them if it is an UPDATE. */
static void
add_values(RestCall *call, RestSql *sql, bool named)
{
	const Resource *body = call->route->body;
	bool		first = true;

	for (int i = 0; i < body->count; i++)
	{
		if (respond_body_field(call, body->fields[i].name) == NULL)
			continue;
		respond_rest_sql_add(sql, first ? "" : ", ");
		if (named)
		{
			respond_rest_sql_add(sql, "\"");
			respond_rest_sql_add(sql, body->fields[i].name);
			respond_rest_sql_add(sql, "\" = ");
		}
		add_value(call, sql, &body->fields[i]);
		first = false;
	}
}

/*
 * Runs what begins with "WITH x AS (" and a write of row r, and gives the row as it
 * was written, and its number: a statement later the role may see it no more, if it
 * is for another team.
 */
static char *
write_ticket(RestCall *call, RestSql *sql, char **id)
{
	respond_rest_sql_add(sql, " RETURNING ");
	respond_rest_sql_columns(sql, &respond_resource_ticket);
	respond_rest_sql_add(sql, ") SELECT pg_catalog.row_to_json(x), x.id FROM x");
	if (respond_rest_sql_run(call, sql) == 0)
		return NULL;
	*id = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

void
respond_rest_ticket_create(RestCall *call)
{
	RestSql		sql;
	char	   *json;
	char	   *id;

	respond_rest_sql_begin(&sql, "WITH x AS (INSERT INTO respond.ticket AS r (");
	add_names(call, &sql);
	respond_rest_sql_add(&sql, ") VALUES (");
	add_values(call, &sql, false);
	respond_rest_sql_add(&sql, ")");
	json = write_ticket(call, &sql, &id);
	answer_ticket(call, 201, json);
	if (json != NULL)
		respond_call_locate(call, psprintf("/v1/tickets/%s", id));
}

/* Whether the caller knows the row as it is, or does not ask. */
static bool
is_current(RestCall *call, const char *json)
{
	const char *known = respond_web_field_list(call->arena, call->request, "if-match");
	char	   *tag;

	if (known == NULL)
		return true;
	tag = respond_rest_tag(json);
	if (respond_entity_tag_listed(known, tag, false))
		return true;
	respond_call_refuse(call, 412, "The ticket has changed: its ETag is not the one in If-Match.");
	respond_rest_tag_put(call, tag);
	return false;
}

/* The row as it is then; NULL: the role may not change it. */
static char *
update_ticket(RestCall *call, char *json)
{
	RestSql		sql;
	char	   *id;

	if (call->body->count == 0)
		return json;
	respond_rest_sql_begin(&sql, "WITH x AS (UPDATE respond.ticket AS r SET ");
	add_values(call, &sql, true);
	respond_rest_sql_add(&sql, " WHERE r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_number(&sql, respond_call_id(call));
	return write_ticket(call, &sql, &id);
}

/* The row is locked before it is compared, so nobody changes it in between. */
void
respond_rest_ticket_change(RestCall *call)
{
	const char *key = respond_call_value(call, 0);
	char	   *json = respond_rest_row(call, &respond_resource_ticket, key, false);

	if (json != NULL)
	{
		json = respond_rest_row(call, &respond_resource_ticket, key, true);
		if (json == NULL)
		{
			respond_call_refuse(call, 403, "The role of the token may not change this ticket.");
			return;
		}
		if (!is_current(call, json))
			return;
		json = update_ticket(call, json);
		if (json == NULL)
		{
			respond_call_refuse(call, 403, "The role of the token may not change this ticket.");
			return;
		}
	}
	answer_ticket(call, 200, json);
}

/* Whether the role sees the ticket that comments are about. */
static bool
require_ticket(RestCall *call)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT FROM respond.ticket AS r WHERE r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_number(&sql, respond_call_id(call));
	if (respond_rest_sql_run(call, &sql) == 1)
		return true;
	respond_call_refuse(call, 404, "There is no such ticket, or the role of the token does not see it.");
	return false;
}

void
respond_rest_comments_list(RestCall *call)
{
	static const RestList list = {&respond_resource_comment, LIST_BY_ID, true};
	RestSql		conditions;

	if (!require_ticket(call))
		return;
	respond_rest_sql_begin(&conditions, "r.ticket_id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_number(&conditions, respond_call_id(call));
	respond_rest_answer_page(call, &list, &conditions);
}

/* Inserts what the body says of the ticket, and answers with the row. */
static void
create_about(RestCall *call, const char *insert)
{
	RestSql		sql;
	char	   *id;

	if (!require_ticket(call))
		return;
	respond_rest_sql_begin(&sql, insert);
	add_names(call, &sql);
	respond_rest_sql_add(&sql, ") VALUES (");
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ", ");
	add_values(call, &sql, false);
	respond_rest_sql_add(&sql, ") RETURNING id");
	id = respond_rest_sql_text(call, &sql);
	(void) respond_rest_answer_row(call, 201, call->route->result, id);
}

void
respond_rest_comment_create(RestCall *call)
{
	create_about(call, "INSERT INTO respond.comment (ticket_id, ");
}

void
respond_rest_rating_create(RestCall *call)
{
	create_about(call, "INSERT INTO respond.rating (ticket_id, ");
}
