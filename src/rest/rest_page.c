/*-------------------------------------------------------------------------
 * rest_page.c
 *	  Pages of lists.
 *
 * A page begins behind the last row of the one before, by its key, so it costs
 * the same wherever in the list it is.  It ends with its number of rows, or
 * earlier when they are large, or when many rows had to be looked at.
 *
 * src/rest/rest_page.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "rest/page_mark.h"
#include "rest/rest_page.h"
#include "rest/rest_query.h"

/* Bytes from which on no further row is added. */
#define PAGE_SIZE		(2 * 1024 * 1024)

/* Rows that are fetched at once, if they are small. */
#define FETCH_ROWS		20
#define SMALL_ROW		(32 * 1024)

typedef struct ListPage
{
	const RestList *list;
	StringInfoData json;
	int			rows;
	int			limit;
	char	   *last_key;
	bool		has_more;
} ListPage;

static void
take_row(ListPage *page, HeapTuple tuple, TupleDesc desc)
{
	appendStringInfoString(&page->json, page->rows > 0 ? "," : "");
	if (page->list->put != NULL)
		page->list->put(&page->json, tuple, desc);
	else
		appendStringInfoString(&page->json, SPI_getvalue(tuple, desc, 1));
	page->last_key = SPI_getvalue(tuple, desc, 2);
	page->rows++;
}

/* Takes the rows that were fetched; false: the page is full. */
static bool
take_rows(ListPage *page)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		page->has_more = page->rows == page->limit || page->json.len >= PAGE_SIZE;
		if (page->has_more)
			return false;
		take_row(page, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
	}
	return SPI_processed > 0;
}

static void
fetch(ListPage *page, RestSql *sql)
{
	Oid			types[REST_SQL_VALUES];
	Portal		portal;
	bool		more = true;

	for (int i = 0; i < sql->count; i++)
		types[i] = TEXTOID;
	portal = SPI_cursor_open_with_args(NULL, sql->text.data, sql->count, types, sql->values, sql->nulls, true, 0);
	while (more)
	{
		bool		small = page->rows > 0 && page->json.len / page->rows < SMALL_ROW;

		SPI_cursor_fetch(portal, true, small ? FETCH_ROWS : 1);
		more = take_rows(page);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
}

/* The address of the page behind this one: what was asked for, with another cursor. */
static char *
next_address(RestCall *call, const char *mark)
{
	WebQuery	asked;
	StringInfoData address;
	const char *target = call->request->target;

	initStringInfo(&address);
	appendBinaryStringInfo(&address, target, (int) strcspn(target, "?"));
	appendStringInfoChar(&address, '?');
	(void) respond_query_read(call->arena, call->request->query, &asked);
	for (int i = 0; i < asked.count; i++)
		if (strcmp(asked.parameters[i].name, "cursor") != 0)
			appendStringInfo(&address, "%s=%s&", respond_percent_encode(call->arena, asked.parameters[i].name),
							 respond_percent_encode(call->arena, asked.parameters[i].value));
	appendStringInfo(&address, "cursor=%s", mark);
	return address.data;
}

static void
answer(RestCall *call, ListPage *page, uint32 list)
{
	const char *mark;

	appendStringInfoString(&page->json, "],\"next\":");
	if (!page->has_more)
	{
		appendStringInfoString(&page->json, "null}");
		respond_call_json(call, 200, page->json.data);
		return;
	}
	mark = respond_page_mark_write(call->arena, respond_call_utf8(call, page->last_key), list);
	appendStringInfo(&page->json, "\"%s\"}", mark);
	respond_call_json(call, 200, page->json.data);
	respond_web_answer_field(call->arena, call->answer, "Link",
							 psprintf("<%s>; rel=\"next\"", next_address(call, mark)));
}

/* Keys of a row as one text; the first of two has none of what stands between them. */
#define BETWEEN_KEYS	"|"

static void
add_key_text(RestSql *sql, const RestList *list)
{
	for (int i = 0; i < LIST_KEYS && list->keys[i].column != NULL; i++)
	{
		if (i > 0)
			respond_rest_sql_add(sql, " OPERATOR(pg_catalog.||) '" BETWEEN_KEYS "' OPERATOR(pg_catalog.||) ");
		respond_rest_sql_add(sql, "x.");
		respond_rest_sql_add(sql, list->keys[i].column);
		respond_rest_sql_add(sql, "::pg_catalog.text");
	}
}

/* The keys of r in order. */
static void
add_keys(RestSql *sql, const RestList *list, const char *behind)
{
	for (int i = 0; i < LIST_KEYS && list->keys[i].column != NULL; i++)
	{
		respond_rest_sql_add(sql, i > 0 ? ", r." : "r.");
		respond_rest_sql_add(sql, list->keys[i].column);
		respond_rest_sql_add(sql, behind);
	}
}

/* Appends the values of the keys that the text holds. */
static void
add_values(RestSql *sql, const RestList *list, const char *text)
{
	for (int i = 0; i < LIST_KEYS && list->keys[i].column != NULL; i++)
	{
		bool		is_last = i + 1 == LIST_KEYS || list->keys[i + 1].column == NULL;
		size_t		length = is_last ? strlen(text) : strcspn(text, BETWEEN_KEYS);

		respond_rest_sql_add(sql, i > 0 ? ", " : "");
		respond_rest_sql_value(sql, pnstrdup(text, length));
		respond_rest_sql_add(sql, "::");
		respond_rest_sql_add(sql, list->keys[i].type);
		text += length + (text[length] != '\0');
	}
}

/* Appends how the keys of r compare with those that the text holds. */
static void
add_bound(RestSql *sql, const RestList *list, const char *operator, const char *text)
{
	respond_rest_sql_add(sql, " AND (");
	add_keys(sql, list, "");
	respond_rest_sql_add(sql, ") OPERATOR(pg_catalog.");
	respond_rest_sql_add(sql, operator);
	respond_rest_sql_add(sql, ") (");
	add_values(sql, list, text);
	respond_rest_sql_add(sql, ")");
}

/* Appends the rows r for which the conditions hold, from behind the one with these keys, in order. */
static void
add_rows(RestSql *sql, const RestList *list, const RestSql *conditions, const char *after, const char *until)
{
	respond_rest_sql_add(sql, " FROM ");
	respond_rest_sql_add(sql, list->resource->from);
	respond_rest_sql_add(sql, " WHERE ");
	respond_rest_sql_add(sql, conditions->text.data);
	if (after != NULL)
		add_bound(sql, list, list->ascending ? ">" : "<", after);
	if (until != NULL)
		add_bound(sql, list, list->ascending ? "<=" : ">=", until);
	respond_rest_sql_add(sql, " ORDER BY ");
	add_keys(sql, list, list->ascending ? "" : " DESC");
	respond_rest_sql_add(sql, " LIMIT ");
}

/* The values of the conditions come first. */
static void
begin_rows(RestSql *sql, const RestSql *conditions, const char *text)
{
	*sql = *conditions;
	respond_rest_sql_begin(sql, text);
	sql->count = conditions->count;
}

/* Keys of the last row that is looked at for the page; NULL: there are not as many. */
static char *
find_end(RestCall *call, const RestList *list, const char *after)
{
	RestSql		sql;

	if (list->within == NULL)
		return NULL;
	begin_rows(&sql, list->within, "SELECT ");
	add_key_text(&sql, list);
	respond_rest_sql_add(&sql, " FROM (SELECT ");
	add_keys(&sql, list, "");
	add_rows(&sql, list, list->within, after, NULL);
	respond_rest_sql_add(&sql, "1 OFFSET ");
	respond_rest_sql_number(&sql, LIST_SEARCHED - 1);
	respond_rest_sql_add(&sql, ") AS x");
	return respond_rest_sql_text(call, &sql);
}

/* Appends what is selected of each row. */
static void
add_columns(RestSql *sql, const RestList *list)
{
	respond_rest_sql_columns(sql, list->resource);
	if (list->more == NULL)
		return;
	respond_rest_sql_add(sql, ", ");
	respond_rest_sql_add(sql, list->more);
}

void
respond_rest_answer_page(RestCall *call, const RestList *list, const RestSql *conditions)
{
	RestSql		sql;
	ListPage	page = {.list = list,.limit = respond_rest_query_limit(call)};
	uint32		number;
	const char *after;
	char	   *end;

	if (!respond_rest_query_cursor(call, &number, &after))
		return;
	end = find_end(call, list, after);
	begin_rows(&sql, conditions, list->more != NULL ? "SELECT pg_catalog.row_to_json(h), " :
			   "SELECT pg_catalog.row_to_json(x), ");
	add_key_text(&sql, list);
	respond_rest_sql_add(&sql, list->more != NULL ? ", x.* FROM (SELECT " : " FROM (SELECT ");
	add_columns(&sql, list);
	add_rows(&sql, list, conditions, after, end);
	respond_rest_sql_number(&sql, page.limit + 1);
	respond_rest_sql_add(&sql, ") AS x");
	if (list->more != NULL)
		respond_rest_sql_head(&sql, list->resource);
	initStringInfo(&page.json);
	appendStringInfoString(&page.json, "{\"items\":[");
	fetch(&page, &sql);
	if (!page.has_more && end != NULL)
	{
		page.has_more = true;
		page.last_key = end;
	}
	answer(call, &page, number);
}
