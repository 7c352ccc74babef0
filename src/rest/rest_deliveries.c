/*-------------------------------------------------------------------------
 * rest_deliveries.c
 *	  Deliveries, and how pg_respond is, over HTTP.
 *
 * src/rest/rest_deliveries.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rest/rest_answers.h"
#include "rest/rest_filter.h"
#include "rest/rest_page.h"
#include "rest/rest_query.h"

void
respond_rest_deliveries_list(RestCall *call)
{
	RestList	list = {&respond_resource_delivery, LIST_BY_ID};
	RestSql		all;
	RestSql		conditions;

	respond_rest_sql_begin(&all, "true");
	respond_rest_sql_begin(&conditions, "true");
	respond_rest_filter_texts(call, &conditions, "channel", "r.channel");
	respond_rest_filter_texts(call, &conditions, "status", "r.status");
	respond_rest_filter_number(call, &conditions, "event_id", "r.event_id");
	respond_rest_filter_number(call, &conditions, "run_id", "r.run_id");
	respond_rest_filter_number(call, &conditions, "ticket_id", "r.ticket_id");
	/* an index knows the event alone */
	if (conditions.count > 0 && respond_rest_query_text(call, "event_id") == NULL)
		list.within = &all;
	respond_rest_answer_page(call, &list, &conditions);
}

void
respond_rest_delivery_get(RestCall *call)
{
	(void) respond_rest_answer_row(call, 200, &respond_resource_delivery, respond_call_value(call, 0));
}

static void
act(RestCall *call, const char *function)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, function);
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ")");
	(void) respond_rest_sql_run(call, &sql);
	respond_rest_delivery_get(call);
}

void
respond_rest_delivery_retry(RestCall *call)
{
	act(call, "SELECT respond.retry(");
}

void
respond_rest_delivery_discard(RestCall *call)
{
	act(call, "SELECT respond.discard(");
}

void
respond_rest_health_get(RestCall *call)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT pg_catalog.json_build_object('ok', pg_catalog.bool_and(h.ok),"
						   " 'checks', pg_catalog.json_agg(pg_catalog.row_to_json(h))) FROM respond.health() AS h");
	respond_call_json(call, 200, respond_rest_sql_text(call, &sql));
}
