/*-------------------------------------------------------------------------
 * capture_expression.c
 *	  SQL expressions over the rows OLD and NEW of a change.
 *
 * A condition ends up in the WHEN clause of a trigger and a subject is
 * evaluated by capture().  Both come as text, and the text must be one
 * expression: what follows it would be run as SQL of its own.
 *
 * The server evaluates a WHEN clause before any code of ours, and an error in
 * it would be one of the user's write.  So a condition that may raise is written
 * as WHEN (true OR condition), which the server knows to be true without
 * looking further, and capture() takes it from there.  The catalog follows
 * renamed columns and keeps those that are named from being dropped, as with
 * every WHEN clause.
 *
 * src/event/capture_expression.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "common/door.h"
#include "event/capture_expression.h"

struct CaptureExpression
{
	ExprState  *state;
	ExprContext *context;
};

static void
point_into_expression(void *argument)
{
	CaptureExpressionPlace *place = argument;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(place->text);
	}
	errcontext("%s of a watched table", place->what);
}

void
respond_capture_expression_enter(CaptureExpressionPlace *place, const char *text, const char *what)
{
	place->text = text;
	place->what = what;
	place->callback.callback = point_into_expression;
	place->callback.arg = place;
	place->callback.previous = error_context_stack;
	error_context_stack = &place->callback;
}

void
respond_capture_expression_leave(CaptureExpressionPlace *place)
{
	error_context_stack = place->callback.previous;
}

Node *
respond_capture_expression_parse(const char *text, const char *what)
{
	CaptureExpressionPlace place;
	List	   *trees;
	SelectStmt *select;

	respond_capture_expression_enter(&place, text, what);
	trees = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	respond_capture_expression_leave(&place);
	select = castNode(SelectStmt, linitial_node(RawStmt, trees)->stmt);
	if (list_length(select->targetList) != 1 || select->fromClause != NIL ||
		select->whereClause != NULL || select->groupClause != NIL || select->havingClause != NULL ||
		select->windowClause != NIL || select->sortClause != NIL || select->limitCount != NULL ||
		select->limitOffset != NULL || select->lockingClause != NIL ||
		select->distinctClause != NIL || select->op != SETOP_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("%s \"%s\" is not one SQL expression", what, text),
				 errhint("Write an expression as in a WHEN clause, for example NEW.amount > 100.")));
	return linitial_node(ResTarget, select->targetList)->val;
}

void
respond_capture_expression_add_rows(ParseState *state, Relation relation)
{
	ParseNamespaceItem *item;

	item = addRangeTableEntryForRelation(state, relation, AccessShareLock,
										 makeAlias("old", NIL), false, false);
	addNSItemToQuery(state, item, false, true, false);
	item = addRangeTableEntryForRelation(state, relation, AccessShareLock,
										 makeAlias("new", NIL), false, false);
	addNSItemToQuery(state, item, false, true, true);
}

static bool
note_use(Node *node, CaptureExpressionUse *use)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef) && IsA(linitial(((ColumnRef *) node)->fields), String))
	{
		const char *first = strVal(linitial(((ColumnRef *) node)->fields));

		use->uses_old |= strcmp(first, "old") == 0;
		use->uses_new |= strcmp(first, "new") == 0;
	}
	return raw_expression_tree_walker(node, note_use, use);
}

CaptureExpressionUse
respond_capture_expression_use(Node *raw)
{
	CaptureExpressionUse use = {false, false};

	(void) note_use(raw, &use);
	return use;
}

typedef struct LoneColumns
{
	Oid			relation;
	List	   *locations;		/* byte offsets of columns that stand alone */
} LoneColumns;

static bool
note_lone_column(Node *node, LoneColumns *columns)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
	{
		ColumnRef  *reference = (ColumnRef *) node;

		if (list_length(reference->fields) == 1 && IsA(linitial(reference->fields), String) &&
			get_attnum(columns->relation, strVal(linitial(reference->fields))) > 0)
			columns->locations = list_append_unique_int(columns->locations, reference->location);
	}
	return raw_expression_tree_walker(node, note_lone_column, columns);
}

static int
compare_ints(const ListCell *a, const ListCell *b)
{
	return lfirst_int(a) - lfirst_int(b);
}

char *
respond_capture_expression_qualify(const char *text, Node *raw, Relation relation, const char *row)
{
	LoneColumns columns = {RelationGetRelid(relation), NIL};
	StringInfoData result;
	ListCell   *cell;
	int			copied = 0;

	(void) note_lone_column(raw, &columns);
	list_sort(columns.locations, compare_ints);
	initStringInfo(&result);
	foreach(cell, columns.locations)
	{
		appendBinaryStringInfo(&result, text + copied, lfirst_int(cell) - copied);
		appendStringInfo(&result, "%s.", row);
		copied = lfirst_int(cell);
	}
	appendStringInfoString(&result, text + copied);
	return result.data;
}

/* Comparing numbers raises no more than comparing integers does, but is not marked so; nor is asking for a depth. */
static bool
function_may_raise(Oid function, void *context)
{
	switch (function)
	{
		case F_NUMERIC_EQ:
		case F_NUMERIC_NE:
		case F_NUMERIC_LT:
		case F_NUMERIC_LE:
		case F_NUMERIC_GT:
		case F_NUMERIC_GE:
		case F_PG_TRIGGER_DEPTH:
			return false;
		default:
			return function >= FirstNormalObjectId || !get_func_leakproof(function);
	}
}

/* Whether it compares texts of which the server cannot tell which collation counts; it says so when it runs. */
static bool
lacks_collation(Node *node)
{
	Oid			collation = exprInputCollation(node);
	List	   *arguments = NIL;
	ListCell   *cell;

	if (OidIsValid(collation))
		return false;
	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			arguments = ((OpExpr *) node)->args;
			break;
		case T_ScalarArrayOpExpr:
			arguments = ((ScalarArrayOpExpr *) node)->args;
			break;
		case T_FuncExpr:
			arguments = ((FuncExpr *) node)->args;
			break;
		default:
			break;
	}
	foreach(cell, arguments)
		if (type_is_collatable(exprType(lfirst(cell))))
			return true;
	return false;
}

static bool
may_raise(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_List:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_OpExpr:
		case T_FuncExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
			break;
		default:
			return true;
	}
	if (check_functions_in_node(node, function_may_raise, context) || lacks_collation(node))
		return true;
	return expression_tree_walker(node, may_raise, context);
}

bool
respond_capture_expression_is_safe(Node *expression)
{
	return !may_raise(expression, NULL);
}

/* With names of the executor for the two rows. */
static Node *
transform(const char *form, Relation relation, const char *what)
{
	ParseState *parse_state = make_parsestate(NULL);
	Node	   *raw = respond_capture_expression_parse(form, what);
	Node	   *expression;
	int			level = NewGUCNestLevel();
	CaptureExpressionPlace place;

	respond_capture_expression_enter(&place, form, what);
	respond_door_pin(DOOR_FORMATS);
	parse_state->p_sourcetext = form;
	respond_capture_expression_add_rows(parse_state, relation);
	expression = transformExpr(parse_state, raw, EXPR_KIND_TRIGGER_WHEN);
	expression = coerce_to_target_type(parse_state, expression, exprType(expression), TEXTOID, -1,
									   COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
	if (expression == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s \"%s\" cannot be converted to type text", what, form)));
	assign_expr_collations(parse_state, expression);
	free_parsestate(parse_state);
	AtEOXact_GUC(true, level);
	respond_capture_expression_leave(&place);
	return expression;
}

static CaptureExpression *
make_ready(Node *expression)
{
	CaptureExpression *result = palloc(sizeof(CaptureExpression));

	ChangeVarNodes(expression, RESPOND_OLD_ROW, INNER_VAR, 0);
	ChangeVarNodes(expression, RESPOND_NEW_ROW, OUTER_VAR, 0);
	result->state = ExecInitExpr(expression_planner((Expr *) expression), NULL);
	result->context = CreateStandaloneExprContext();
	return result;
}

void
respond_capture_expression_check(const char *form, Relation relation, const char *what)
{
	(void) transform(form, relation, what);
}

CaptureExpression *
respond_capture_expression_compile(const char *form, Relation relation, const char *what)
{
	return make_ready(transform(form, relation, what));
}

/*
 * The server looks at a WHEN clause before it calls the trigger, so there
 * pg_trigger_depth() is one less than in capture().
 */
static Node *
count_from_outside(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_PG_TRIGGER_DEPTH)
		return (Node *) makeFuncExpr(F_INT4MI, INT4OID,
									 list_make2(copyObject(node), makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
																			Int32GetDatum(1), false, true)),
									 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	return expression_tree_mutator(node, count_from_outside, context);
}

CaptureExpression *
respond_capture_expression_from_when(const char *when)
{
	Node	   *tree = stringToNode(when);
	List	   *parts;

	/* Kept as a list of conditions that all hold, with one member. */
	if (IsA(tree, List))
		tree = linitial((List *) tree);
	parts = IsA(tree, BoolExpr) ? list_copy_tail(((BoolExpr *) tree)->args, 1) : NIL;
	if (parts == NIL || ((BoolExpr *) tree)->boolop != OR_EXPR)
		elog(ERROR, "the WHEN clause of a watch is not of the form \"true OR condition\"");
	tree = list_length(parts) == 1 ? linitial(parts) : (Node *) makeBoolExpr(OR_EXPR, parts, -1);
	return make_ready(count_from_outside(tree, NULL));
}

Datum
respond_capture_expression_evaluate(CaptureExpression *expression, TupleTableSlot *old_row,
									TupleTableSlot *new_row, bool *is_null)
{
	expression->context->ecxt_innertuple = old_row;
	expression->context->ecxt_outertuple = new_row;
	return ExecEvalExprSwitchContext(expression->state, expression->context, is_null);
}

void
respond_capture_expression_reset(CaptureExpression *expression)
{
	ResetExprContext(expression->context);
}
