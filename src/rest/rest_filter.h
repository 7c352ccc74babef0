/*-------------------------------------------------------------------------
 * rest_filter.h
 *	  Conditions of lists, from parameters of the query.
 *
 * src/rest/rest_filter.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_FILTER_H
#define RESPOND_REST_FILTER_H

#include "rest/rest_sql.h"

/*
 * Each adds " AND ..." to the conditions if the query has the parameter: that the
 * column, of row r, is one of its values, is the number, is true or false, is not
 * before the time, or is before it.
 */
extern void respond_rest_filter_texts(RestCall *call, RestSql *conditions, const char *name, const char *column);
extern void respond_rest_filter_number(RestCall *call, RestSql *conditions, const char *name, const char *column);
extern void respond_rest_filter_boolean(RestCall *call, RestSql *conditions, const char *name, const char *column);
extern void respond_rest_filter_since(RestCall *call, RestSql *conditions, const char *name, const char *column);
extern void respond_rest_filter_until(RestCall *call, RestSql *conditions, const char *name, const char *column);

#endif							/* RESPOND_REST_FILTER_H */
