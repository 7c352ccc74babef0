/*-------------------------------------------------------------------------
 * rest_page.c
 *	  Pages of lists.
 *
 * A page begins behind the last row of the one before, by its key, so it costs
 * the same wherever in the list it is.  It ends with its number of rows, or
 * earlier when they are large.
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
	StringInfoData json;
	int			rows;
	int			limit;
	char	   *last_key;
	bool		has_more;
} ListPage;

static void
take_row(ListPage *page, HeapTuple tuple, TupleDesc desc)
{
	appendStringInfo(&page->json, "%s%s", page->rows > 0 ? "," : "", SPI_getvalue(tuple, desc, 1));
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

/* Appends that rows r are behind the one that has the keys. */
static void
add_after(RestSql *sql, const RestList *list, const char *after)
{
	if (after == NULL)
		return;
	respond_rest_sql_add(sql, " AND (");
	add_keys(sql, list, "");
	respond_rest_sql_add(sql, list->ascending ? ") OPERATOR(pg_catalog.>) (" : ") OPERATOR(pg_catalog.<) (");
	add_values(sql, list, after);
	respond_rest_sql_add(sql, ")");
}

void
respond_rest_answer_page(RestCall *call, const RestList *list, const RestSql *conditions)
{
	RestSql		sql = *conditions;
	ListPage	page = {.limit = respond_rest_query_limit(call)};
	uint32		number;
	const char *after;

	if (!respond_rest_query_cursor(call, &number, &after))
		return;
	respond_rest_sql_begin(&sql, "SELECT pg_catalog.row_to_json(x), ");
	sql.count = conditions->count;
	add_key_text(&sql, list);
	respond_rest_sql_add(&sql, " FROM (SELECT ");
	respond_rest_sql_columns(&sql, list->resource);
	respond_rest_sql_add(&sql, " FROM ");
	respond_rest_sql_add(&sql, list->resource->from);
	respond_rest_sql_add(&sql, " WHERE ");
	respond_rest_sql_add(&sql, conditions->text.data);
	add_after(&sql, list, after);
	respond_rest_sql_add(&sql, " ORDER BY ");
	add_keys(&sql, list, list->ascending ? "" : " DESC");
	respond_rest_sql_add(&sql, " LIMIT ");
	respond_rest_sql_number(&sql, page.limit + 1);
	respond_rest_sql_add(&sql, ") AS x");
	initStringInfo(&page.json);
	appendStringInfoString(&page.json, "{\"items\":[");
	fetch(&page, &sql);
	answer(call, &page, number);
}
