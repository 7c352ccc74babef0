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
#include "rest/rest_query.h"
#include "rest/rest_sql.h"

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
	int64		last_id;
	bool		has_more;
} ListPage;

static void
take_row(ListPage *page, HeapTuple tuple, TupleDesc desc)
{
	bool		is_null;

	appendStringInfo(&page->json, "%s%s", page->rows > 0 ? "," : "", SPI_getvalue(tuple, desc, 1));
	page->last_id = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &is_null));
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
	char		mark[PAGE_MARK_SIZE];

	appendStringInfoString(&page->json, "],\"next\":");
	if (!page->has_more)
	{
		appendStringInfoString(&page->json, "null}");
		respond_call_json(call, 200, page->json.data);
		return;
	}
	respond_page_mark_write(page->last_id, list, mark);
	appendStringInfo(&page->json, "\"%s\"}", mark);
	respond_call_json(call, 200, page->json.data);
	respond_web_answer_field(call->arena, call->answer, "Link",
							 psprintf("<%s>; rel=\"next\"", next_address(call, mark)));
}

void
respond_rest_answer_page(RestCall *call, const Resource *resource, RestSql *conditions, bool ascending)
{
	RestSql		sql = *conditions;
	ListPage		page = {.limit = respond_rest_query_limit(call)};
	uint32		list;
	int64		after;

	if (!respond_rest_query_cursor(call, &list, &after))
		return;
	respond_rest_sql_begin(&sql, "SELECT pg_catalog.row_to_json(x), x.id FROM (SELECT ");
	sql.count = conditions->count;
	respond_rest_sql_columns(&sql, resource);
	respond_rest_sql_add(&sql, " FROM ");
	respond_rest_sql_add(&sql, resource->from);
	respond_rest_sql_add(&sql, " WHERE ");
	respond_rest_sql_add(&sql, conditions->text.data);
	if (after != 0)
	{
		respond_rest_sql_add(&sql, ascending ? " AND r.id OPERATOR(pg_catalog.>) " :
							 " AND r.id OPERATOR(pg_catalog.<) ");
		respond_rest_sql_number(&sql, after);
	}
	respond_rest_sql_add(&sql, ascending ? " ORDER BY r.id LIMIT " : " ORDER BY r.id DESC LIMIT ");
	respond_rest_sql_number(&sql, page.limit + 1);
	respond_rest_sql_add(&sql, ") AS x");
	initStringInfo(&page.json);
	appendStringInfoString(&page.json, "{\"items\":[");
	fetch(&page, &sql);
	answer(call, &page, list);
}
