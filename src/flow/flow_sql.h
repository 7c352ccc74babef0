/*-------------------------------------------------------------------------
 * flow_sql.h
 *	  SQL of steps, prepared when it is checked or when it is first needed.
 *
 * src/flow/flow_sql.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_SQL_H
#define RESPOND_FLOW_SQL_H

#include "flow/flow_code.h"

struct FlowMachine;

/* SQL at place.field, prepared at once when SQL is to be checked. */
extern FlowSql *respond_flow_sql_make(FlowCompiler *compiler, OwnerSqlKind kind,
									  const char *place, const char *field,
									  const JsonValue *value, int timeout);

/*
 * Prepares it if it is not yet.  Raises what respond_owner_sql_prepare raises;
 * what that did to the transaction is then rolled back.
 */
extern OwnerSql *respond_flow_sql_get(FlowSql *sql, Flow *flow);

/* Readies SQL of the step for its next run: prepares it, tells it the last failure. */
extern OwnerSql *respond_machine_sql(struct FlowMachine *machine, FlowSql *sql);

#endif							/* RESPOND_FLOW_SQL_H */
