/*-------------------------------------------------------------------------
 * rest_links.c
 *	  What links lead to: a page that asks, and what becomes of the answer.
 *
 * src/rest/rest_links.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "rest/link.h"
#include "rest/link_page.h"
#include "rest/rest_answers.h"
#include "rest/rest_sql.h"

#define HIGHEST_SCORE	5

static void
put_comment_field(StringInfo page)
{
	appendStringInfoString(page, "<p><label>Comment<br><textarea name=\"comment\" rows=\"3\" cols=\"40\""
						   " maxlength=\"4000\"></textarea></label></p>\n");
}

static void
put_button(StringInfo page, const char *name, const char *value)
{
	appendStringInfo(page, "<button name=\"%s\" value=\"", name);
	respond_page_escape(page, value);
	appendStringInfoString(page, "\">");
	respond_page_escape(page, value);
	appendStringInfoString(page, "</button>\n");
}

static void
put_options(StringInfo page, ArrayType *options)
{
	Datum	   *texts;
	int			count;

	deconstruct_array(options, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &count);
	appendStringInfoString(page, "<form method=\"post\">\n");
	put_comment_field(page);
	for (int i = 0; i < count; i++)
		put_button(page, "option", TextDatumGetCString(texts[i]));
	appendStringInfoString(page, "</form>\n");
}

static void
show_approval(RestCall *call)
{
	StringInfoData page;
	RestSql		sql;
	bool		is_null;

	respond_rest_sql_begin(&sql, "SELECT r.question, CASE WHEN r.context OPERATOR(pg_catalog.<>) '{}'"
						   " THEN pg_catalog.jsonb_pretty(r.context) END, r.options FROM respond.approval AS r"
						   " WHERE r.status OPERATOR(pg_catalog.=) 'open' AND r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_value(&sql, call->link->approval);
	respond_rest_sql_add(&sql, "::pg_catalog.uuid");
	if (respond_rest_sql_run(call, &sql) == 0)
	{
		respond_call_refuse(call, 410, "This was decided, or can be decided no more.");
		return;
	}
	respond_page_begin(&page, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	if (SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2) != NULL)
		respond_page_text(&page, "pre", SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2));
	put_options(&page, DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &is_null)));
	respond_page_answer(call, 200, &page);
}

static void
show_rating(RestCall *call)
{
	StringInfoData page;
	RestSql		sql;
	char	   *subject;

	respond_rest_sql_begin(&sql, "SELECT r.subject FROM respond.ticket AS r WHERE r.id OPERATOR(pg_catalog.=) ");
	respond_rest_sql_number(&sql, call->link->ticket_id);
	subject = respond_rest_sql_text(call, &sql);
	if (subject == NULL)
	{
		respond_call_refuse(call, 410, "There is nothing to be rated any more.");
		return;
	}
	respond_page_begin(&page, subject);
	respond_page_text(&page, "p", "How good was the answer? 1 is bad, 5 is good.");
	appendStringInfoString(&page, "<form method=\"post\">\n");
	put_comment_field(&page);
	for (int i = 1; i <= HIGHEST_SCORE; i++)
		put_button(&page, "score", psprintf("%d", i));
	appendStringInfoString(&page, "</form>\n");
	respond_page_answer(call, 200, &page);
}

void
respond_rest_link_show(RestCall *call)
{
	if (call->link->approval != NULL)
		show_approval(call);
	else
		show_rating(call);
}

static void
thank(RestCall *call, const char *answer)
{
	StringInfoData page;

	respond_page_begin(&page, "Thank you");
	respond_page_text(&page, "p", psprintf("Your answer was recorded: %s", answer));
	respond_page_answer(call, 200, &page);
}

static void
use_approval(RestCall *call, const char *option)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT respond.decide(");
	respond_rest_sql_value(&sql, call->link->approval);
	respond_rest_sql_add(&sql, "::pg_catalog.uuid, ");
	respond_rest_sql_value(&sql, option);
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, respond_link_field(call, "comment"));
	respond_rest_sql_add(&sql, ")");
	(void) respond_rest_sql_run(call, &sql);
	thank(call, option);
}

static void
use_rating(RestCall *call, const char *score)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "INSERT INTO respond.rating (ticket_id, score, comment, rated_by) VALUES (");
	respond_rest_sql_number(&sql, call->link->ticket_id);
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, score);
	respond_rest_sql_add(&sql, "::pg_catalog.int4, ");
	respond_rest_sql_value(&sql, respond_link_field(call, "comment"));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, call->link->rater);
	respond_rest_sql_add(&sql, ")");
	(void) respond_rest_sql_run(call, &sql);
	thank(call, score);
}

void
respond_rest_link_use(RestCall *call)
{
	bool		decides = call->link->approval != NULL;
	const char *answer = respond_link_field(call, decides ? "option" : "score");

	if (answer == NULL)
		respond_call_refuse(call, 422, "The answer is missing.");
	else if (decides)
		use_approval(call, answer);
	else
		use_rating(call, answer);
}
