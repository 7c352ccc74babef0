/*-------------------------------------------------------------------------
 * rest_sql.h
 *	  Statements of the REST interface, put together of texts of ours and values of callers.
 *
 * Nothing of a request ever becomes part of a statement: values are parameters,
 * names of columns are those of resources.
 *
 * src/rest/rest_sql.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_SQL_H
#define RESPOND_REST_SQL_H

#include "lib/stringinfo.h"

#include "rest/rest_call.h"

#define REST_SQL_VALUES		32

typedef struct RestSql
{
	StringInfoData text;
	int			count;
	Datum		values[REST_SQL_VALUES];	/* texts */
	char		nulls[REST_SQL_VALUES];
} RestSql;

extern void respond_rest_sql_begin(RestSql *sql, const char *text);

/* Appends a text of ours; a value, as $n of type text, NULL is NULL; a number. */
extern void respond_rest_sql_add(RestSql *sql, const char *text);
extern void respond_rest_sql_value(RestSql *sql, const char *value);
extern void respond_rest_sql_number(RestSql *sql, int64 number);

/* Appends the columns of the resource, from alias r. */
extern void respond_rest_sql_columns(RestSql *sql, const Resource *resource);

/* Appends behind FROM ... AS x a row h that has the columns of the resource alone. */
extern void respond_rest_sql_head(RestSql *sql, const Resource *resource);

/* Runs it; the number of rows.  Between SPI_connect and SPI_finish, as the role of the call. */
extern uint64 respond_rest_sql_run(const RestCall *call, RestSql *sql);

/* The first column of the first row as text, palloc'd; NULL: it is NULL, or there is none. */
extern char *respond_rest_sql_text(const RestCall *call, RestSql *sql);

/* The row of a resource as JSON, palloc'd; NULL: the role sees none.  key: what r.id has to be, locks: FOR UPDATE. */
extern char *respond_rest_row(const RestCall *call, const Resource *resource, const char *key, bool locks);

/* Answers with it; 404 without. */
extern bool respond_rest_answer_row(RestCall *call, int status, const Resource *resource, const char *key);

#endif							/* RESPOND_REST_SQL_H */
