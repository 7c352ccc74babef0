/*-------------------------------------------------------------------------
 * owner_sql.c
 *	  Runs the SQL of a rule with the rights of the rule's owner.
 *
 * Most conditions are made of built-in functions over the event's columns.
 * Those are evaluated without the executor, from a state that is kept for the
 * length of a transaction (rights are checked when it is made).  Everything
 * else goes through SPI.  Both run inside respond_owner_call().
 *
 * src/owner/owner_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/condition_name.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/pg_compat.h"
#include "common/private_value.h"
#include "event/event_context.h"
#include "owner/owner_guard.h"
#include "owner/owner_result.h"
#include "owner/owner_simple.h"
#include "owner/owner_sql_code.h"

/* One run, as the function that is called as the owner gets it. */
typedef struct SqlRun
{
	OwnerSql   *sql;
	MemoryContext result_context;
	bool		is_null;
	bool		holds;			/* OWNER_SQL_CONDITION */
	Jsonb	   *result;			/* the others */
	int			most;			/* OWNER_SQL_QUERY: rows, and their bytes */
	Size		most_bytes;
	List	   *rows;			/* of Jsonb */
	OwnerSqlTake take;			/* gets the rows instead */
	void	   *take_context;
	int64		taken;			/* that it got */
} SqlRun;

bool
respond_owner_sql_reads_tables(OwnerSql *sql)
{
	return sql->reads_tables;
}

void
respond_owner_sql_set_timeout(OwnerSql *sql, int milliseconds)
{
	sql->timeout = milliseconds;
}

void
respond_owner_sql_set_error(OwnerSql *sql, Jsonb *error)
{
	sql->input.error = error;
}

void
respond_owner_sql_set_locals(OwnerSql *sql, const SqlLocal *locals, int count)
{
	sql->input.locals = locals;
	sql->input.local_count = count;
}

static void
set_param(OwnerSql *sql, OwnerSqlParameter parameter, Datum value, bool is_null)
{
	sql->params->params[parameter].value = value;
	sql->params->params[parameter].isnull = is_null;
}

static void
set_text_param(OwnerSql *sql, OwnerSqlParameter parameter, const char *text)
{
	if (sql->used & ((uint32) 1 << parameter))
		set_param(sql, parameter, text ? CStringGetTextDatum(text) : (Datum) 0, text == NULL);
}

static void
fill_params(OwnerSql *sql)
{
	const Event *event = sql->input.event;
	Jsonb	   *data = event ? event->data : NULL;

	set_param(sql, OWNER_SQL_ID, event ? Int64GetDatum(event->id) : (Datum) 0, event == NULL);
	set_param(sql, OWNER_SQL_TIME, event ? TimestampTzGetDatum(event->time) : (Datum) 0, event == NULL);
	set_param(sql, OWNER_SQL_DATA, JsonbPGetDatum(data), data == NULL);
	set_param(sql, OWNER_SQL_STEPS, JsonbPGetDatum(sql->input.steps), sql->input.steps == NULL);
	set_text_param(sql, OWNER_SQL_TYPE, event ? event->type : NULL);
	set_text_param(sql, OWNER_SQL_SOURCE, event ? event->source : NULL);
	set_text_param(sql, OWNER_SQL_SUBJECT, event ? event->subject : NULL);
	for (int i = 0; i < sql->tags->count; i++)
	{
		ParamExternData *param = &sql->params->params[OWNER_SQL_PARAMETERS + i];

		param->value = respond_sql_tag_value(&sql->tags->tags[i], &sql->input, &param->isnull);
	}
}

/* What was allocated for a run is gone after it. */
static void
empty_params(OwnerSql *sql)
{
	for (int i = 0; i < sql->params->numParams; i++)
	{
		sql->params->params[i].value = (Datum) 0;
		sql->params->params[i].isnull = true;
	}
	memset(&sql->input, 0, sizeof(SqlInput));
}

void
respond_owner_sql_forget_state(OwnerSql *sql)
{
	if (sql->state_plan != NULL)
		ReleaseCachedPlan(sql->state_plan, NULL);
	sql->state_plan = NULL;
	sql->state = NULL;
	sql->state_econtext = NULL;
	if (sql->state_context != NULL)
		MemoryContextReset(sql->state_context);
}

/* The expression of a plan that is a Result with one column and nothing else. */
static Expr *
plan_expression(CachedPlan *plan)
{
	PlannedStmt *statement;
	Plan	   *tree;

	if (list_length(plan->stmt_list) != 1)
		return NULL;
	statement = linitial_node(PlannedStmt, plan->stmt_list);
	tree = statement->planTree;
	if (statement->commandType != CMD_SELECT || statement->subplans != NIL || !IsA(tree, Result) ||
		tree->lefttree != NULL || tree->qual != NIL || tree->initPlan != NIL ||
		((Result *) tree)->resconstantqual != NULL || list_length(tree->targetlist) != 1)
		return NULL;
	return linitial_node(TargetEntry, tree->targetlist)->expr;
}

static void
make_state(OwnerSql *sql, CachedPlanSource *source)
{
	MemoryContext old_context;
	Expr	   *expression;

	respond_owner_sql_forget_state(sql);
	if (sql->state_context == NULL)
		sql->state_context = AllocSetContextCreate(sql->context, "pg_respond expression",
												   ALLOCSET_SMALL_SIZES);
	sql->state_plan = GetCachedPlan(source, sql->params, NULL, NULL);
	sql->state_lxid = respond_my_lxid();
	expression = plan_expression(sql->state_plan);
	/* what it means may have changed since it was prepared, and planning opens functions up */
	if (expression == NULL || !respond_expression_is_simple((Node *) expression))
		return;
	old_context = MemoryContextSwitchTo(sql->state_context);
	sql->state_type = exprType((Node *) expression);
	sql->state = ExecInitExprWithParams(expression, sql->params);
	sql->state_econtext = CreateStandaloneExprContext();
	sql->state_econtext->ecxt_param_list_info = sql->params;
	MemoryContextSwitchTo(old_context);
}

static void
check_type(OwnerSql *sql, Oid type)
{
	/* A function that it calls may have been replaced by another. */
	if (sql->kind == OWNER_SQL_CONDITION && getBaseType(type) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("it must be boolean, but is of type %s", format_type_be(type))));
}

static void
take_value(SqlRun *run, Datum value, bool is_null, Oid type)
{
	MemoryContext old_context;

	run->is_null = is_null;
	if (run->sql->kind == OWNER_SQL_CONDITION)
	{
		run->holds = !is_null && DatumGetBool(value);
		return;
	}
	if (is_null)
		return;
	value = JsonbPGetDatum(respond_any_to_jsonb(value, type));
	old_context = MemoryContextSwitchTo(run->result_context);
	run->result = DatumGetJsonbPCopy(value);
	MemoryContextSwitchTo(old_context);
}

/* Returns false when the plan turns out not to be simple after all. */
static bool
evaluate_simple(SqlRun *run)
{
	OwnerSql   *sql = run->sql;
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(sql->plan));
	CachedPlan *plan = GetCachedPlan(source, sql->params, CurrentResourceOwner, NULL);
	bool		done = false;
	bool		is_null;
	Datum		value;

	if (sql->state_plan != plan || sql->state_lxid != respond_my_lxid())
		make_state(sql, source);
	if (sql->state != NULL)
	{
		check_type(sql, sql->state_type);
		value = ExecEvalExprSwitchContext(sql->state, sql->state_econtext, &is_null);
		take_value(run, value, is_null, sql->state_type);
		ResetExprContext(sql->state_econtext);
		done = true;
	}
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	return done;
}

static int
execute_plan(OwnerSql *sql, uint64 limit, DestReceiver *receiver)
{
	SPIExecuteOptions options = {0};
	int			result;

	options.params = sql->params;
	options.tcount = limit;
	options.dest = receiver;
	result = SPI_execute_plan_extended(sql->plan, &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	return result;
}

static void
evaluate(void *argument)
{
	SqlRun	   *run = argument;
	bool		is_null;
	Datum		value;
	Oid			type;

	fill_params(run->sql);
	if (run->sql->simple && evaluate_simple(run))
		return;
	SPI_connect();
	execute_plan(run->sql, 2, NULL);
	respond_event_context_check_fan_out();
	if (SPI_processed != 1 || SPI_tuptable == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("it returned " UINT64_FORMAT " rows instead of one", SPI_processed)));
	type = SPI_gettypeid(SPI_tuptable->tupdesc, 1);
	check_type(run->sql, type);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	take_value(run, value, is_null, type);
	SPI_finish();
}

static void
execute(void *argument)
{
	SqlRun	   *run = argument;
	MemoryContext old_context;
	RowReceiver *receiver;

	fill_params(run->sql);
	receiver = respond_row_receiver_create(1000, (Size) respond_max_rendered_size * 1024);
	SPI_connect();
	execute_plan(run->sql, 0, respond_row_receiver_dest(receiver));
	respond_event_context_check_fan_out();
	old_context = MemoryContextSwitchTo(run->result_context);
	run->result = respond_row_receiver_result(receiver, SPI_processed);
	MemoryContextSwitchTo(old_context);
	SPI_finish();
}

static void
query(void *argument)
{
	SqlRun	   *run = argument;
	MemoryContext old_context;
	RowReceiver *receiver;
	bool		all;

	fill_params(run->sql);
	old_context = MemoryContextSwitchTo(run->result_context);
	receiver = respond_row_receiver_create(run->most, run->most_bytes);
	MemoryContextSwitchTo(old_context);
	SPI_connect();
	execute_plan(run->sql, (uint64) run->most + 1, respond_row_receiver_dest(receiver));
	SPI_finish();
	run->rows = respond_row_receiver_rows(receiver, &all);
	if (!all)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("the query returned more than can be taken at once"),
				 errdetail("At most %d rows and %zu MB are taken.", run->most, run->most_bytes / (1024 * 1024)),
				 errhint("Add a LIMIT, or let it return less.")));
}

static void
execute_each(void *argument)
{
	SqlRun	   *run = argument;
	RowReceiver *receiver;

	fill_params(run->sql);
	receiver = respond_row_receiver_create_each(run->take, run->take_context);
	SPI_connect();
	execute_plan(run->sql, 0, respond_row_receiver_dest(receiver));
	respond_event_context_check_fan_out();
	run->taken = SPI_processed;
	SPI_finish();
}

/*
 * In a session: what is raised on to somebody who may not see what the SQL reads
 * says its class alone.  The server's own words for a cancel tell nothing.
 */
static void
redact(const OwnerSql *sql, ErrorData *error)
{
	bool		is_interrupt = error->funcname != NULL && strcmp(error->funcname, "ProcessInterrupts") == 0;

	if (!is_interrupt)
	{
		error->message = respond_error_shown(sql->place[0] != '\0' ? sql->place : "condition", error->sqlerrcode, 0);
		error->detail = error->hint = NULL;
	}
	error->context = error->internalquery = NULL;
	error->schema_name = error->table_name = error->column_name = NULL;
	error->datatype_name = error->constraint_name = NULL;
}

static void
run_as_owner(SqlRun *run, void (*function) (void *argument), const Event *event, Jsonb *steps)
{
	OwnerSql   *sql = run->sql;
	OwnerCall	call = {.function = function,.argument = run};
	MemoryContext scratch;
	MemoryContext caller;

	/* Parameters are in one place for all runs. */
	if (sql->running)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("SQL of a rule cannot call itself")));
	respond_owner_require(sql->owner);
	call.owner = sql->owner;
	call.timeout = sql->timeout > 0 ? Min(sql->timeout, respond_rule_timeout) : respond_rule_timeout;
	call.may_lock = !sql->simple;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond SQL", ALLOCSET_SMALL_SIZES);
	run->result_context = CurrentMemoryContext;
	caller = MemoryContextSwitchTo(scratch);
	sql->input.event = event;
	sql->input.steps = steps;
	sql->running = true;
	PG_TRY();
	{
		respond_owner_call(&call);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		sql->running = false;
		empty_params(sql);
		MemoryContextSwitchTo(caller);
		if (MyBackendType != B_BACKEND || respond_private_is_visible(sql->owner))
			PG_RE_THROW();
		error = CopyErrorData();
		FlushErrorState();
		redact(sql, error);
		ReThrowError(error);
	}
	PG_END_TRY();
	sql->running = false;
	empty_params(sql);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

bool
respond_owner_sql_condition(OwnerSql *sql, const Event *event, Jsonb *steps)
{
	SqlRun		run = {.sql = sql};

	Assert(sql->kind == OWNER_SQL_CONDITION);
	run_as_owner(&run, evaluate, event, steps);
	return run.holds;
}

Datum
respond_owner_sql_expression(OwnerSql *sql, const Event *event, Jsonb *steps, bool *is_null)
{
	SqlRun		run = {.sql = sql};

	Assert(sql->kind == OWNER_SQL_EXPRESSION);
	run_as_owner(&run, evaluate, event, steps);
	*is_null = run.is_null;
	return JsonbPGetDatum(run.result);
}

Jsonb *
respond_owner_sql_statement(OwnerSql *sql, const Event *event, Jsonb *steps)
{
	SqlRun		run = {.sql = sql};

	Assert(sql->kind == OWNER_SQL_STATEMENT);
	run_as_owner(&run, execute, event, steps);
	return run.result;
}

List *
respond_owner_sql_query(OwnerSql *sql, const Event *event, int most, Size most_bytes)
{
	SqlRun		run = {.sql = sql,.most = most,.most_bytes = most_bytes};

	Assert(sql->kind == OWNER_SQL_QUERY);
	run_as_owner(&run, query, event, NULL);
	return run.rows;
}

int64
respond_owner_sql_each(OwnerSql *sql, const Event *event, Jsonb *steps, OwnerSqlTake take, void *context)
{
	SqlRun		run = {.sql = sql,.take = take,.take_context = context};

	Assert(sql->kind == OWNER_SQL_STATEMENT);
	run_as_owner(&run, execute_each, event, steps);
	return run.taken;
}
