/*-------------------------------------------------------------------------
 * flow_sql.c
 *	  SQL of steps, prepared when it is checked or when it is first needed.
 *
 * A dispatcher that loads ten thousand rules must not parse all their SQL to
 * run one of them; a rule that is being saved must.
 *
 * src/flow/flow_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/contain.h"
#include "common/errors.h"
#include "flow/flow_chain.h"
#include "flow/flow_sql.h"

static void
prepare(FlowSql *sql, Flow *flow)
{
	OwnerSql   *prepared = respond_owner_sql_prepare(sql->kind, sql->text, flow->owner,
													 sql->place, sql->locals, flow->context);

	if (sql->timeout > 0)
		respond_owner_sql_set_timeout(prepared, sql->timeout);
	sql->sql = prepared;
}

FlowSql *
respond_flow_sql_make(FlowCompiler *compiler, OwnerSqlKind kind, const char *place,
					  const char *field, const JsonValue *value, int timeout)
{
	FlowSql    *sql = respond_arena_alloc_zero(compiler->arena, sizeof(FlowSql));
	char	   *where = psprintf("%s.%s", place, field);

	if (value->kind != JSON_KIND_STRING)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: must be %s as text", where,
						kind == OWNER_SQL_CONDITION ? "an SQL condition" :
						kind == OWNER_SQL_EXPRESSION ? "an SQL expression" : "an SQL statement")));
	sql->kind = kind;
	sql->text = respond_arena_copy(compiler->arena, value->text, value->length);
	sql->place = respond_arena_copy(compiler->arena, where, strlen(where));
	sql->timeout = timeout;
	sql->locals = compiler->locals;
	if (compiler->check_sql)
		prepare(sql, compiler->flow);
	return sql;
}

typedef struct Preparation
{
	FlowSql    *sql;
	Flow	   *flow;
} Preparation;

static void
prepare_contained(void *argument)
{
	Preparation *preparation = argument;

	prepare(preparation->sql, preparation->flow);
}

OwnerSql *
respond_flow_sql_get(FlowSql *sql, Flow *flow)
{
	Preparation preparation = {sql, flow};

	/* Parsing takes locks and references, which only an abort gives back. */
	if (sql->sql == NULL)
		respond_contain(prepare_contained, &preparation);
	return sql->sql;
}

OwnerSql *
respond_machine_sql(FlowMachine *machine, FlowSql *sql)
{
	OwnerSql   *prepared;

	machine->contained = true;
	prepared = respond_flow_sql_get(sql, machine->flow);
	machine->contained = false;
	respond_owner_sql_set_error(prepared, respond_failure_jsonb(&machine->failure));
	respond_owner_sql_set_locals(prepared, machine->locals, 2 * machine->loop_count);
	return prepared;
}
