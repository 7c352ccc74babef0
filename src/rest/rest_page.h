/*-------------------------------------------------------------------------
 * rest_page.h
 *	  Pages of lists.
 *
 * src/rest/rest_page.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_PAGE_H
#define RESPOND_REST_PAGE_H

#include "access/htup.h"
#include "access/tupdesc.h"

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

	/*
	 * Appends a row that is not the JSON of the first column as it is.  From the third
	 * column on it has those of the resource, and what it needs beside them: more.
	 */
	void		(*put) (StringInfo json, HeapTuple tuple, TupleDesc desc);
	const char *more;

	/*
	 * If an index does not know all conditions: those that it knows.  Of their rows
	 * LIST_SEARCHED are looked at for a page, and it may have few rows, or none,
	 * though there are more.  NULL: all are looked at.
	 */
	const RestSql *within;
} RestList;

#define LIST_SEARCHED	100000

/* The number of a row. */
#define LIST_BY_ID	{{"id", "pg_catalog.int8"}}

/* Answers with a page of the rows r for which the conditions hold. */
extern void respond_rest_answer_page(RestCall *call, const RestList *list, const RestSql *conditions);

#endif							/* RESPOND_REST_PAGE_H */
