/*-------------------------------------------------------------------------
 * rest_page.h
 *	  Pages of lists.
 *
 * src/rest/rest_page.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_PAGE_H
#define RESPOND_REST_PAGE_H

#include "rest/rest_sql.h"

#define LIST_KEYS	2

/* A column of the resource by which its rows go. */
typedef struct ListKey
{
	const char *column;			/* NULL: no more */
	const char *type;			/* with its schema */
} ListKey;

/* No two rows have the same keys, and an index has the rows in this order. */
typedef struct RestList
{
	const Resource *resource;
	ListKey		keys[LIST_KEYS];
	bool		ascending;
} RestList;

/* The number of a row. */
#define LIST_BY_ID	{{"id", "pg_catalog.int8"}}

/* Answers with a page of the rows r for which the conditions hold. */
extern void respond_rest_answer_page(RestCall *call, const RestList *list, const RestSql *conditions);

#endif							/* RESPOND_REST_PAGE_H */
