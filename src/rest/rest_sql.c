/*-------------------------------------------------------------------------
 * rest_sql.c
 *	  Statements of the REST interface, put together of texts of ours and values of callers.
 *
 * src/rest/rest_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "rest/rest_sql.h"

void
respond_rest_sql_begin(RestSql *sql, const char *text)
{
	initStringInfo(&sql->text);
	appendStringInfoString(&sql->text, text);
	sql->count = 0;
}

void
respond_rest_sql_add(RestSql *sql, const char *text)
{
	appendStringInfoString(&sql->text, text);
}

void
respond_rest_sql_value(RestSql *sql, const char *value)
{
	if (sql->count == REST_SQL_VALUES)
		elog(ERROR, "a request has too many values");
	sql->values[sql->count] = value != NULL ? CStringGetTextDatum(value) : (Datum) 0;
	sql->nulls[sql->count] = value != NULL ? ' ' : 'n';
	appendStringInfo(&sql->text, "$%d", ++sql->count);
}

void
respond_rest_sql_number(RestSql *sql, int64 number)
{
	appendStringInfo(&sql->text, INT64_FORMAT, number);
}

void
respond_rest_sql_columns(RestSql *sql, const Resource *resource)
{
	for (int i = 0; i < resource->count; i++)
	{
		const Field *field = &resource->fields[i];

		appendStringInfo(&sql->text, "%s%s%s AS \"%s\"", i > 0 ? ", " : "", field->sql != NULL ? "" : "r.",
						 field->sql != NULL ? field->sql : field->name, field->name);
	}
}

void
respond_rest_sql_head(RestSql *sql, const Resource *resource)
{
	for (int i = 0; i < resource->count; i++)
		appendStringInfo(&sql->text, "%sx.\"%s\"", i > 0 ? ", " : ", LATERAL (SELECT ", resource->fields[i].name);
	appendStringInfoString(&sql->text, ") AS h");
}

uint64
respond_rest_sql_run(const RestCall *call, RestSql *sql)
{
	Oid			types[REST_SQL_VALUES];
	int			result;

	for (int i = 0; i < sql->count; i++)
		types[i] = TEXTOID;
	result = SPI_execute_with_args(sql->text.data, sql->count, types, sql->values, sql->nulls,
								   call->route->flags & ROUTE_READS, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql->text.data, SPI_result_code_string(result));
	return SPI_processed;
}

char *
respond_rest_sql_text(const RestCall *call, RestSql *sql)
{
	if (respond_rest_sql_run(call, sql) == 0)
		return NULL;
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

char *
respond_rest_row(const RestCall *call, const Resource *resource, const char *key, bool locks)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT pg_catalog.row_to_json(x) FROM (SELECT ");
	respond_rest_sql_columns(&sql, resource);
	respond_rest_sql_add(&sql, " FROM ");
	respond_rest_sql_add(&sql, resource->from);
	respond_rest_sql_add(&sql, " WHERE r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_value(&sql, key);
	respond_rest_sql_add(&sql, resource->fields[0].kind == FIELD_UUID ? "::pg_catalog.uuid" : "::pg_catalog.int8");
	respond_rest_sql_add(&sql, locks ? " FOR UPDATE) AS x" : ") AS x");
	return respond_rest_sql_text(call, &sql);
}

bool
respond_rest_answer_row(RestCall *call, int status, const Resource *resource, const char *key)
{
	char	   *json = respond_rest_row(call, resource, key, false);

	if (json == NULL)
		respond_call_refuse(call, 404, "There is nothing of this number, or the role of the token does not see it.");
	else
		respond_call_json(call, status, json);
	return json != NULL;
}
