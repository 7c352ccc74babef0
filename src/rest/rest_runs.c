/*-------------------------------------------------------------------------
 * rest_runs.c
 *	  Runs of rules, and what they ask people, over HTTP.
 *
 * src/rest/rest_runs.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "event/event_size.h"
#include "rest/rest_answers.h"
#include "rest/rest_body.h"
#include "rest/rest_filter.h"
#include "rest/rest_page.h"
#include "rest/rest_query.h"

void
respond_rest_rules_list(RestCall *call)
{
	static const RestList list = {&respond_resource_rule, {{"name", "pg_catalog.text"}}, true};
	RestSql		conditions;

	respond_rest_sql_begin(&conditions, "true");
	respond_rest_filter_texts(call, &conditions, "folder", "r.folder");
	respond_rest_filter_texts(call, &conditions, "event_type", "r.event_type");
	respond_rest_filter_boolean(call, &conditions, "enabled", "r.enabled");
	respond_rest_answer_page(call, &list, &conditions);
}

void
respond_rest_rule_get(RestCall *call)
{
	RestSql		sql;
	char	   *json;

	respond_rest_sql_begin(&sql, "SELECT pg_catalog.row_to_json(x) FROM (SELECT ");
	respond_rest_sql_columns(&sql, &respond_resource_rule);
	respond_rest_sql_add(&sql, " FROM respond.rule AS r WHERE r.name OPERATOR(pg_catalog.=) ");
	respond_rest_sql_value(&sql, respond_call_value(call, 0));
	respond_rest_sql_add(&sql, ") AS x");
	json = respond_rest_sql_text(call, &sql);
	if (json != NULL)
		respond_call_json(call, 200, json);
	else
		respond_call_refuse(call, 404, "There is no rule of this name, or the role of the token does not see it.");
}

static bool
fits(const char *data)
{
	return respond_event_data_fits(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(data))));
}

void
respond_rest_rule_start(RestCall *call)
{
	RestSql		sql;
	const char *data = respond_body_json(call, "data");
	const char *on_conflict = respond_body_text(call, "on_conflict");

	if (data != NULL && !fits(data))
	{
		ProblemPlace place = {.pointer = "/data",.detail = "is larger than pg_respond.max_event_size"};

		respond_call_refuse_place(call, 413, &place);
		return;
	}
	respond_rest_sql_begin(&sql, "SELECT respond.start(");
	respond_rest_sql_value(&sql, respond_call_value(call, 0));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, data != NULL ? data : "{}");
	respond_rest_sql_add(&sql, "::pg_catalog.jsonb, ");
	respond_rest_sql_value(&sql, respond_body_text(call, "subject"));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, respond_body_text(call, "key"));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, on_conflict != NULL ? on_conflict : "return");
	respond_rest_sql_add(&sql, ")");
	respond_call_json(call, 202, psprintf("{\"run_id\":%s}", respond_rest_sql_text(call, &sql)));
}

void
respond_rest_runs_list(RestCall *call)
{
	RestList	list = {&respond_resource_run, LIST_BY_ID};
	RestSql		all;
	RestSql		conditions;

	respond_rest_sql_begin(&all, "true");
	respond_rest_sql_begin(&conditions, "true");
	respond_rest_filter_texts(call, &conditions, "rule", "r.rule");
	respond_rest_filter_texts(call, &conditions, "status", "r.status");
	respond_rest_filter_number(call, &conditions, "event_id", "r.event_id");
	/* an index knows the event alone */
	if (conditions.count > 0 && respond_rest_query_text(call, "event_id") == NULL)
		list.within = &all;
	respond_rest_answer_page(call, &list, &conditions);
}

void
respond_rest_run_get(RestCall *call)
{
	(void) respond_rest_answer_row(call, 200, &respond_resource_run, respond_call_value(call, 0));
}

/* Runs a statement that says whether it did anything, and answers with the run; else says why not. */
static void
act(RestCall *call, RestSql *sql, const char *otherwise)
{
	char	   *done = respond_rest_sql_text(call, sql);

	respond_rest_run_get(call);
	if (call->answer->status == 200 && (done == NULL || done[0] != 't'))
		respond_call_refuse(call, 409, otherwise);
}

void
respond_rest_run_cancel(RestCall *call)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT respond.cancel_run(");
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, respond_body_text(call, "reason"));
	respond_rest_sql_add(&sql, ")");
	act(call, &sql, "The run is not under way.");
}

void
respond_rest_run_retry(RestCall *call)
{
	RestSql		sql;
	const char *version = respond_body_text(call, "version");

	respond_rest_sql_begin(&sql, "SELECT respond.retry_run(");
	respond_rest_sql_number(&sql, respond_call_id(call));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, respond_body_text(call, "from_step"));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, version != NULL ? version : "same");
	respond_rest_sql_add(&sql, ")");
	act(call, &sql, "The run has neither failed nor was it cancelled.");
}

void
respond_rest_approvals_list(RestCall *call)
{
	static const RestList list = {&respond_resource_approval,
	{{"asked_at", "pg_catalog.timestamptz"}, {"id", "pg_catalog.uuid"}}};
	RestSql		conditions;

	respond_rest_sql_begin(&conditions, "true");
	respond_rest_filter_texts(call, &conditions, "status", "r.status");
	respond_rest_filter_texts(call, &conditions, "rule", "r.rule");
	respond_rest_filter_number(call, &conditions, "run_id", "r.run_id");
	respond_rest_answer_page(call, &list, &conditions);
}

void
respond_rest_approval_get(RestCall *call)
{
	(void) respond_rest_answer_row(call, 200, &respond_resource_approval, respond_call_value(call, 0));
}

void
respond_rest_approval_decide(RestCall *call)
{
	RestSql		sql;

	respond_rest_sql_begin(&sql, "SELECT pg_catalog.json_build_object('decision', respond.decide(");
	respond_rest_sql_value(&sql, respond_call_value(call, 0));
	respond_rest_sql_add(&sql, "::pg_catalog.uuid, ");
	respond_rest_sql_value(&sql, respond_body_text(call, "option"));
	respond_rest_sql_add(&sql, ", ");
	respond_rest_sql_value(&sql, respond_body_text(call, "comment"));
	respond_rest_sql_add(&sql, "))");
	respond_call_json(call, 200, respond_rest_sql_text(call, &sql));
}
