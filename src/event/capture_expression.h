/*-------------------------------------------------------------------------
 * capture_expression.h
 *	  SQL expressions over the rows OLD and NEW of a change.
 *
 * src/event/capture_expression.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_EXPRESSION_H
#define RESPOND_CAPTURE_EXPRESSION_H

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

#endif							/* RESPOND_CAPTURE_EXPRESSION_H */
