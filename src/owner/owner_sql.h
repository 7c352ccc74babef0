/*-------------------------------------------------------------------------
 * owner_sql.h
 *	  SQL of a rule, prepared and run with the rights of the rule's owner.
 *
 * src/owner/owner_sql.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWNER_SQL_H
#define RESPOND_OWNER_SQL_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "event/event.h"

typedef struct OwnerSql OwnerSql;

typedef enum OwnerSqlKind
{
	OWNER_SQL_CONDITION,		/* a boolean expression */
	OWNER_SQL_EXPRESSION,		/* an expression of any type */
	OWNER_SQL_STATEMENT,		/* one statement, rows or not */
	OWNER_SQL_QUERY				/* one statement that reads */
} OwnerSqlKind;

/*
 * Parses text as the owner, a role, would.  The columns of the event (id, type, source,
 * subject, time, data) and steps (jsonb, the data chain) can be named where no
 * table's column has that name, also as event.data and so on; $1 .. $7 are the
 * same values in that order.  A tag {{path}} is a parameter whose type follows
 * from where it stands, as that of a quoted literal does.  locals: names that tags
 * may begin with beside those that every rule has, NULL at the end; NULL: none.  place ("condition",
 * "steps[2].if", or "" for none) begins the messages.  Raises
 * ERRCODE_RESPOND_INVALID_RULE with the remedy.  The result lives in the memory
 * context; nothing is kept that a rollback would tear.
 */
extern OwnerSql *respond_owner_sql_prepare(OwnerSqlKind kind, const char *text,
										   Oid owner, const char *place, const char *const *locals,
										   MemoryContext context);

/*
 * Whether evaluating it can look at tables or call functions that do; if not,
 * buffered effects need not be written before it.
 */
extern bool respond_owner_sql_reads_tables(OwnerSql *sql);

/*
 * A limit in milliseconds for this SQL alone.  It can only be shorter than
 * pg_respond.rule_timeout; 0 means that setting.
 */
extern void respond_owner_sql_set_timeout(OwnerSql *sql, int milliseconds);

/* What {{error.message}} is in the SQL's next run; NULL: nothing failed. */
extern void respond_owner_sql_set_error(OwnerSql *sql, Jsonb *error);

/* What its locals are in the SQL's next run. */
struct SqlLocal;
extern void respond_owner_sql_set_locals(OwnerSql *sql, const struct SqlLocal *locals, int count);

/*
 * Runs it as the owner in a security-restricted operation, in an internal
 * subtransaction, with pg_respond.rule_timeout and its own GUC level.  Raises
 * what the SQL raises, ERRCODE_RESPOND_LIMIT when its time was up; the
 * subtransaction is then already rolled back and the caller may go on in its
 * transaction.  A condition that is NULL does not hold.  Results are allocated
 * in the current memory context.
 */
extern bool respond_owner_sql_condition(OwnerSql *sql, const Event *event, Jsonb *steps);
extern Datum respond_owner_sql_expression(OwnerSql *sql, const Event *event, Jsonb *steps, bool *is_null);	/* jsonb */

/*
 * {"rows": [...], "count": n}; at most 1,000 rows and max_rendered_size are
 * kept, and "truncated": true added when those are not all.
 */
extern Jsonb *respond_owner_sql_statement(OwnerSql *sql, const Event *event, Jsonb *steps);

/*
 * All rows of a query, as a list of Jsonb objects.  Raises ERRCODE_RESPOND_LIMIT when
 * there are more than most, or when they take more than most_bytes.
 */
extern List *respond_owner_sql_query(OwnerSql *sql, const Event *event, int most, Size most_bytes);

/*
 * Gives each row of a statement to take, as jsonb in memory that is used again for
 * the next row.  What take does is undone with the statement.  Returns their number.
 */
typedef void (*OwnerSqlTake) (void *context, Jsonb *row);
extern int64 respond_owner_sql_each(OwnerSql *sql, const Event *event, Jsonb *steps, OwnerSqlTake take, void *context);

#endif							/* RESPOND_OWNER_SQL_H */
