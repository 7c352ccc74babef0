/*-------------------------------------------------------------------------
 * rest_filter.c
 *	  Conditions of lists, from parameters of the query.
 *
 * src/rest/rest_filter.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rest/rest_filter.h"
#include "rest/rest_query.h"

/* Appends " AND COLUMN OPERATOR "; false: the query does not have the parameter. */
static bool
begin(RestCall *call, RestSql *conditions, const char *name, const char *column, const char *operator)
{
	if (respond_rest_query_text(call, name) == NULL)
		return false;
	respond_rest_sql_add(conditions, " AND ");
	respond_rest_sql_add(conditions, column);
	respond_rest_sql_add(conditions, operator);
	respond_rest_sql_value(conditions, respond_rest_query_text(call, name));
	return true;
}

void
respond_rest_filter_texts(RestCall *call, RestSql *conditions, const char *name, const char *column)
{
	if (begin(call, conditions, name, column, " OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array("))
		respond_rest_sql_add(conditions, ", ','))");
}

void
respond_rest_filter_number(RestCall *call, RestSql *conditions, const char *name, const char *column)
{
	if (begin(call, conditions, name, column, " OPERATOR(pg_catalog.=) "))
		respond_rest_sql_add(conditions, "::pg_catalog.int8");
}

void
respond_rest_filter_boolean(RestCall *call, RestSql *conditions, const char *name, const char *column)
{
	if (begin(call, conditions, name, column, " OPERATOR(pg_catalog.=) "))
		respond_rest_sql_add(conditions, "::pg_catalog.bool");
}

void
respond_rest_filter_since(RestCall *call, RestSql *conditions, const char *name, const char *column)
{
	if (begin(call, conditions, name, column, " OPERATOR(pg_catalog.>=) "))
		respond_rest_sql_add(conditions, "::pg_catalog.timestamptz");
}

void
respond_rest_filter_until(RestCall *call, RestSql *conditions, const char *name, const char *column)
{
	if (begin(call, conditions, name, column, " OPERATOR(pg_catalog.<) "))
		respond_rest_sql_add(conditions, "::pg_catalog.timestamptz");
}
