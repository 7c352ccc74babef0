/*-------------------------------------------------------------------------
 * owner_parse.c
 *	  Prepares the SQL of a rule.
 *
 * Conditions are parsed as an expression and never wrapped into other text, so
 * "true) OR (true" is a syntax error and not a different query.  Parsing can
 * already call functions (inputs of constants), so it happens as the owner.
 *
 * src/owner/owner_parse.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "common/error_class.h"
#include "common/errors.h"
#include "common/guc.h"
#include "owner/owner_guard.h"
#include "owner/owner_simple.h"
#include "owner/owner_sql_code.h"

typedef struct ParameterInfo
{
	const char *name;
	Oid			type;
} ParameterInfo;

static const ParameterInfo parameters[OWNER_SQL_PARAMETERS] = {
	[OWNER_SQL_ID] = {"id", INT8OID},
	[OWNER_SQL_TYPE] = {"type", TEXTOID},
	[OWNER_SQL_SOURCE] = {"source", TEXTOID},
	[OWNER_SQL_SUBJECT] = {"subject", TEXTOID},
	[OWNER_SQL_TIME] = {"time", TIMESTAMPTZOID},
	[OWNER_SQL_DATA] = {"data", JSONBOID},
	[OWNER_SQL_STEPS] = {"steps", JSONBOID},
};

static Node *
make_parameter(int number, Oid type, int location)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = number;
	param->paramtype = type;
	param->paramtypmod = -1;
	param->paramcollid = get_typcollation(type);
	param->location = location;
	return (Node *) param;
}

static int
find_parameter(const char *name)
{
	for (int i = 0; i < OWNER_SQL_PARAMETERS; i++)
		if (strcmp(parameters[i].name, name) == 0)
			return i;
	return -1;
}

/* A name that no table has a column for: a column of the event? */
static Node *
resolve_column(ParseState *pstate, ColumnRef *reference, Node *column)
{
	OwnerSql   *sql = pstate->p_ref_hook_state;
	List	   *names = reference->fields;
	int			parameter;

	if (column != NULL || IsA(llast(names), A_Star))
		return NULL;
	if (list_length(names) == 2 && strcmp(strVal(linitial(names)), "event") == 0)
		names = list_copy_tail(names, 1);
	parameter = find_parameter(strVal(linitial(names)));
	if (parameter < 0 && names == reference->fields)
		return NULL;
	if (parameter < 0 || list_length(names) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column %s does not exist", NameListToString(reference->fields)),
				 parameter >= 0 && parameters[parameter].type == JSONBOID ?
				 errhint("%s is jsonb; its members are reached as in data -> 'customer' ->> 'id'.",
						 parameters[parameter].name) : 0,
				 parser_errposition(pstate, reference->location)));
	sql->used |= (uint32) 1 << parameter;
	return make_parameter(parameter + 1, parameters[parameter].type, reference->location);
}

static Node *
resolve_number(ParseState *pstate, ParamRef *reference)
{
	OwnerSql   *sql = pstate->p_ref_hook_state;
	int			number = reference->number;

	if (number >= 1 && number <= OWNER_SQL_PARAMETERS)
	{
		sql->used |= (uint32) 1 << (number - 1);
		return make_parameter(number, parameters[number - 1].type, reference->location);
	}
	/* A number beyond is a tag's only where a tag stood. */
	if (number > OWNER_SQL_PARAMETERS && number <= OWNER_SQL_PARAMETERS + sql->tags->count)
	{
		const SqlTag *tag = &sql->tags->tags[number - OWNER_SQL_PARAMETERS - 1];

		if (tag->offset == reference->location)
			return make_parameter(number, tag->type, reference->location);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 errmsg("there is no parameter $%d", number),
			 errhint("$1 to $7 are id, type, source, subject, time, data and steps."),
			 parser_errposition(pstate, reference->location)));
}

/* The place where a tag stands decides its type, as for a quoted literal. */
static Node *
settle_type(ParseState *pstate, Param *param, Oid type, int32 typmod, int location)
{
	OwnerSql   *sql = pstate->p_ref_hook_state;

	if (param->paramkind != PARAM_EXTERN || param->paramtype != UNKNOWNOID ||
		param->paramid <= OWNER_SQL_PARAMETERS)
		return NULL;
	sql->tags->tags[param->paramid - OWNER_SQL_PARAMETERS - 1].type = type;
	param->paramtype = type;
	param->paramtypmod = -1;
	param->paramcollid = get_typcollation(type);
	return (Node *) param;
}

static void
set_up_parser(ParseState *pstate, void *argument)
{
	pstate->p_post_columnref_hook = resolve_column;
	pstate->p_paramref_hook = resolve_number;
	pstate->p_coerce_param_hook = settle_type;
	pstate->p_ref_hook_state = argument;
}

static void
check_expression(Node *statement)
{
	SelectStmt *select = castNode(SelectStmt, statement);

	if (list_length(select->targetList) == 1 &&
		linitial_node(ResTarget, select->targetList)->name == NULL &&
		select->distinctClause == NIL && select->fromClause == NIL && select->whereClause == NULL &&
		select->groupClause == NIL && select->havingClause == NULL && select->windowClause == NIL &&
		select->sortClause == NIL && select->limitOffset == NULL && select->limitCount == NULL &&
		select->lockingClause == NIL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("it is not one SQL expression"),
			 errhint("A query inside an expression needs parentheses, as in EXISTS (SELECT ...).")));
}

static void
check_statement(OwnerSql *sql, Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_CallStmt:
		case T_CreateTableAsStmt:
		case T_ExplainStmt:
			return;
		case T_DoStmt:
		case T_NotifyStmt:
		case T_TruncateStmt:
		case T_RefreshMatViewStmt:
		case T_LockStmt:
			if (sql->tags->count > 0)
				ereport(ERROR,
						(errcode(ERRCODE_SYNTAX_ERROR),
						 errmsg("%s takes no parameters, so it cannot hold tags",
								CreateCommandName(statement)),
						 errhint("Call a function with the tags as arguments, for example SELECT pg_notify('channel',"
								 " {{data.id}}).")));
			return;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("%s cannot run in a rule", CreateCommandName(statement)),
					 errhint("A rule can run SELECT, INSERT, UPDATE, DELETE, MERGE, CALL, DO, CREATE TABLE AS,"
							 " TRUNCATE, REFRESH MATERIALIZED VIEW, LOCK and NOTIFY.")));
	}
}

/* Conditions and expressions are no statements. */
static bool
is_statement(const OwnerSql *sql)
{
	return sql->kind == OWNER_SQL_STATEMENT || sql->kind == OWNER_SQL_QUERY;
}

static void
refuse_no_query(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("it is not one query that reads"),
			 errhint("It must be a SELECT, VALUES or TABLE, and change nothing in its WITH.")));
}

static void
check_grammar(OwnerSql *sql)
{
	List	   *list = raw_parser(sql->tags->text, is_statement(sql) ? RAW_PARSE_DEFAULT : RAW_PARSE_PLPGSQL_EXPR);
	Node	   *statement;

	if (list == NIL)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is empty")));
	statement = linitial_node(RawStmt, list)->stmt;
	if (sql->kind == OWNER_SQL_QUERY && (list_length(list) > 1 || !IsA(statement, SelectStmt)))
		refuse_no_query();
	if (!is_statement(sql))
	{
		if (castNode(SelectStmt, statement)->targetList == NIL)
			ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("it is empty")));
		check_expression(statement);
		return;
	}
	if (list_length(list) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("it holds %d statements", list_length(list)),
				 errhint("Use a step for each, or a function.")));
	check_statement(sql, statement);
}

/* INTO and what changes rows in WITH are seen when it is analysed. */
static void
inspect_query(CachedPlanSource *source)
{
	ListCell   *cell;

	foreach(cell, source->query_list)
	{
		Query	   *query = lfirst_node(Query, cell);

		if (query->commandType != CMD_SELECT || query->hasModifyingCTE)
			refuse_no_query();
	}
}

static void
inspect_expression(OwnerSql *sql, CachedPlanSource *source)
{
	Query	   *query = linitial_node(Query, source->query_list);
	Oid			type = TupleDescAttr(source->resultDesc, 0)->atttypid;

	if (query->hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("it returns a set of values"),
				 errhint("Use EXISTS (SELECT ...) or a subquery that returns one row.")));
	if (sql->kind == OWNER_SQL_CONDITION && getBaseType(type) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("it must be boolean, but is of type %s", format_type_be(type)),
				 errhint("Compare it with something, as in (data ->> 'amount')::numeric > 100.")));
	sql->simple = query->rtable == NIL && !query->hasSubLinks &&
		respond_expression_is_simple((Node *) query->targetList);
	sql->reads_tables = !sql->simple;
}

static void
prepare(void *argument)
{
	OwnerSql   *sql = argument;
	SPIPrepareOptions options = {0};
	SPIPlanPtr	plan;

	check_grammar(sql);
	options.parserSetup = set_up_parser;
	options.parserSetupArg = sql;
	options.parseMode = is_statement(sql) ? RAW_PARSE_DEFAULT : RAW_PARSE_PLPGSQL_EXPR;
	/* One plan for all events: planning per event would cost more than it gains. */
	options.cursorOptions = CURSOR_OPT_GENERIC_PLAN;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_extended(sql->tags->text, &options);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_extended failed: %s", SPI_result_code_string(SPI_result));
	sql->reads_tables = true;
	if (sql->kind == OWNER_SQL_QUERY)
		inspect_query(linitial(SPI_plan_get_plan_sources(plan)));
	if (!is_statement(sql))
		inspect_expression(sql, linitial(SPI_plan_get_plan_sources(plan)));
	SPI_keepplan(plan);
	sql->plan = plan;
	SPI_finish();
}

static const char *
hint_for(const ErrorData *error, OwnerSql *sql)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_OBJECT:
			/* a name that has its schema is just not there */
			if (strchr(error->message, '.') != NULL)
				return error->hint;
			return psprintf("%s%sNames outside of pg_catalog need their schema, as in public.customer.",
							error->hint ? error->hint : "", error->hint ? " " : "");
		case ERRCODE_UNDEFINED_COLUMN:
			return error->hint ? error->hint :
				"An event has id, type, source, subject, time and data (jsonb); a flow has steps (jsonb) too.";
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
			return error->hint ? error->hint :
				psprintf("The rule runs with the rights of its owner, \"%s\".", GetUserNameFromId(sql->owner, true));
		case ERRCODE_SYNTAX_ERROR:
			if (error->hint == NULL && !is_statement(sql))
				return "It must be one SQL expression, as in (data ->> 'amount')::numeric > 100.";
			return error->hint;
		default:
			return error->hint;
	}
}

/* Characters count, bytes do not. */
static int
source_position(OwnerSql *sql, int position)
{
	const char *translated = sql->tags->text;
	int			offset;

	if (position <= 0)
		return 0;
	offset = pg_mbcharcliplen(translated, strlen(translated), position - 1);
	offset = respond_sql_tags_source_offset(sql->tags, offset);
	return pg_mbstrlen_with_len(sql->text, offset) + 1;
}

static void
raise_invalid(OwnerSql *sql, ErrorData *error)
{
	int			position = error->internalpos > 0 ? error->internalpos : error->cursorpos;
	const char *hint = hint_for(error, sql);

	/* An error in a function that was called has a query of its own. */
	if (sql->tags == NULL ||
		(error->internalquery != NULL && strcmp(error->internalquery, sql->tags->text) != 0))
		position = 0;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s%s%s", sql->place, sql->place[0] != '\0' ? ": " : "", error->message),
			 error->detail ? errdetail("%s", error->detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 position > 0 ? internalerrquery(sql->text) : 0,
			 position > 0 ? internalerrposition(source_position(sql, position)) : 0));
}

static void
release(void *argument)
{
	OwnerSql   *sql = argument;

	respond_owner_sql_forget_state(sql);
	if (sql->plan != NULL)
		SPI_freeplan(sql->plan);
	sql->plan = NULL;
}

static void
make_params(OwnerSql *sql)
{
	int			count = OWNER_SQL_PARAMETERS + sql->tags->count;
	MemoryContext old_context = MemoryContextSwitchTo(sql->context);

	sql->params = makeParamList(count);
	for (int i = 0; i < count; i++)
	{
		ParamExternData *param = &sql->params->params[i];

		param->value = (Datum) 0;
		param->isnull = true;
		param->pflags = PARAM_FLAG_CONST;
		param->ptype = i < OWNER_SQL_PARAMETERS ? parameters[i].type :
			sql->tags->tags[i - OWNER_SQL_PARAMETERS].type;
	}
	MemoryContextSwitchTo(old_context);
}

OwnerSql *
respond_owner_sql_prepare(OwnerSqlKind kind, const char *text, Oid owner,
						  const char *place, const char *const *locals, MemoryContext context)
{
	OwnerSql   *sql = MemoryContextAllocZero(context, sizeof(OwnerSql));
	MemoryContext caller = CurrentMemoryContext;
	OwnerCall	call = {.function = prepare,.argument = sql,.owner = owner,.timeout = respond_rule_timeout,
		.may_lock = true};

	sql->kind = kind;
	sql->context = context;
	sql->text = MemoryContextStrdup(context, text);
	sql->owner = owner;
	sql->place = MemoryContextStrdup(context, place);
	sql->release.func = release;
	sql->release.arg = sql;
	MemoryContextRegisterResetCallback(context, &sql->release);

	PG_TRY();
	{
		sql->tags = respond_sql_tags_translate(text, OWNER_SQL_PARAMETERS + 1, locals, context);
		respond_owner_require(owner);
		respond_owner_call(&call);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		raise_invalid(sql, error);
	}
	PG_END_TRY();
	make_params(sql);
	return sql;
}
