/*-------------------------------------------------------------------------
 * owner_sql_code.h
 *	  Prepared SQL of a rule, as its parser and its runner share it.
 *
 * src/owner/owner_sql_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_SQL_CODE_H
#define RESPOND_OWNER_SQL_CODE_H

#include "executor/spi.h"
#include "nodes/execnodes.h"
#include "utils/plancache.h"

#include "owner/owner_sql.h"
#include "owner/owner_tags.h"

/* Parameters that every SQL has; those of tags follow. */
typedef enum OwnerSqlParameter
{
	OWNER_SQL_ID,
	OWNER_SQL_TYPE,
	OWNER_SQL_SOURCE,
	OWNER_SQL_SUBJECT,
	OWNER_SQL_TIME,
	OWNER_SQL_DATA,
	OWNER_SQL_STEPS,
	OWNER_SQL_PARAMETERS
} OwnerSqlParameter;

struct OwnerSql
{
	OwnerSqlKind kind;
	MemoryContext context;
	const char *text;			/* as written */
	Oid			owner;
	const char *place;
	int			timeout;		/* milliseconds, 0: the setting's */
	bool		reads_tables;
	bool		simple;			/* built-in functions of the parameters alone */
	bool		running;
	SqlTags    *tags;
	uint32		used;			/* bit n: OwnerSqlParameter n is referred to */
	SqlInput	input;
	SPIPlanPtr	plan;
	ParamListInfo params;
	MemoryContextCallback release;	/* frees plans when context goes */

	/* simple expressions: the state of evaluation, made anew in each transaction */
	MemoryContext state_context;
	CachedPlan *state_plan;		/* that it was made from, with a reference of our own */
	LocalTransactionId state_lxid;
	ExprState  *state;			/* NULL: the plan is not what an expression looks like */
	Oid			state_type;
	ExprContext *state_econtext;
};

/* Frees the state of evaluation of a simple expression. */
extern void respond_owner_sql_forget_state(OwnerSql *sql);

#endif							/* RESPOND_OWNER_SQL_CODE_H */
