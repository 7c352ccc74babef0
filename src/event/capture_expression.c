/*-------------------------------------------------------------------------
 * capture_expression.c
 *	  SQL expressions over the rows OLD and NEW of a change.
 *
 * A condition ends up in the WHEN clause of a trigger and a subject is
 * evaluated by capture().  Both come as text, and the text must be one
 * expression: what follows it would be run as SQL of its own.
 *
 * src/event/capture_expression.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"

#include "event/capture_expression.h"

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
				 errhint("Write what could stand in a WHEN clause, for example NEW.amount > 100.")));
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
