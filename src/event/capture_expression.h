/*-------------------------------------------------------------------------
 * capture_expression.h
 *	  SQL expressions over the rows OLD and NEW of a change.
 *
 * src/event/capture_expression.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_EXPRESSION_H
#define RESPOND_CAPTURE_EXPRESSION_H

#include "executor/tuptable.h"
#include "parser/parse_node.h"
#include "utils/elog.h"
#include "utils/rel.h"

/* Range table entries of the two rows, as in CREATE TRIGGER. */
#define RESPOND_OLD_ROW		1
#define RESPOND_NEW_ROW		2

/*
 * While it is in force, errors of the parser point into the text of the
 * expression and not into the statement that brought it.  what names it
 * ("condition").
 */
typedef struct CaptureExpressionPlace
{
	const char *text;
	const char *what;
	ErrorContextCallback callback;
} CaptureExpressionPlace;

extern void respond_capture_expression_enter(CaptureExpressionPlace *place, const char *text,
											 const char *what);
extern void respond_capture_expression_leave(CaptureExpressionPlace *place);

/*
 * The raw tree of a text that is one SQL expression and nothing more; what
 * names it in messages ("condition").
 */
extern Node *respond_capture_expression_parse(const char *text, const char *what);

/* Makes OLD and NEW known to the parser; columns alone are those of NEW. */
extern void respond_capture_expression_add_rows(ParseState *state, Relation relation);

/* Which rows an expression names. */
typedef struct CaptureExpressionUse
{
	bool		uses_old;
	bool		uses_new;
} CaptureExpressionUse;

extern CaptureExpressionUse respond_capture_expression_use(Node *raw);

/* The text with row ("OLD" or "NEW") put before every column of the relation that stands alone. */
extern char *respond_capture_expression_qualify(const char *text, Node *raw, Relation relation,
												const char *row);

/*
 * Whether evaluating a condition, transformed by the parser, cannot raise
 * whatever the rows hold: it is made of functions of the server that promise
 * so.
 */
extern bool respond_capture_expression_is_safe(Node *expression);

/* An expression made ready, in the memory context it was made ready in. */
typedef struct CaptureExpression CaptureExpression;

/* From text, as text; parsed with search_path = pg_catalog, pg_temp.  Raises what is wrong with it. */
extern CaptureExpression *respond_capture_expression_compile(const char *form, Relation relation,
															 const char *what);

/* As above, but only looks whether it could be made; runs none of its functions. */
extern void respond_capture_expression_check(const char *form, Relation relation, const char *what);

/* From the WHEN clause of a trigger as it stands in the catalog: what follows "true OR". */
extern CaptureExpression *respond_capture_expression_from_when(const char *when);

/* Where a row is missing, give the other one.  May raise anything. */
extern Datum respond_capture_expression_evaluate(CaptureExpression *expression, TupleTableSlot *old_row,
												 TupleTableSlot *new_row, bool *is_null);

/* Frees what evaluating took; the result goes with it. */
extern void respond_capture_expression_reset(CaptureExpression *expression);

#endif							/* RESPOND_CAPTURE_EXPRESSION_H */
