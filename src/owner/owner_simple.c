/*-------------------------------------------------------------------------
 * owner_simple.c
 *	  Telling expressions that run no code but the server's own.
 *
 * Such an expression is evaluated without the executor, without writing what
 * is buffered before it, and without cleaning the session up after it.  So it
 * must not reach code of anybody's: no function, operator or cast from outside
 * of the server, and no type that calls such code by itself when a value is
 * read, written, compared or built.  A domain checks; an array of a domain does
 * so too, from inside array_in(); a composite type reads its columns; a range
 * has functions for its bounds.
 *
 * What is not known to be harmless is not simple.  That costs time and nothing
 * else.
 *
 * src/owner/owner_simple.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "owner/owner_simple.h"

/* Stable by name, yet they run queries: table_to_xml() and its kin. */
#define RUNS_QUERIES	"_to_xml"

static bool
is_remarkable_function(Oid function, void *context)
{
	HeapTuple	tuple;
	Form_pg_proc form;
	bool		remarkable;

	if (function >= FirstUnpinnedObjectId)
		return true;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	remarkable = form->provolatile == PROVOLATILE_VOLATILE || form->proretset ||
		strstr(NameStr(form->proname), RUNS_QUERIES) != NULL;
	ReleaseSysCache(tuple);
	return remarkable;
}

/* The values of an enum are looked up in the server's catalog, nothing more. */
static bool
is_harmless_type(Oid type)
{
	Oid			element;

	if (type == RECORDOID || type == UNKNOWNOID)
		return true;
	element = get_element_type(type);
	if (OidIsValid(element))
		return is_harmless_type(element);
	switch (get_typtype(type))
	{
		case TYPTYPE_BASE:
		case TYPTYPE_RANGE:
		case TYPTYPE_MULTIRANGE:
			return type < FirstUnpinnedObjectId;
		case TYPTYPE_ENUM:
			return true;
		default:
			return false;
	}
}

/* Kinds of nodes that are looked into; of these alone are type and functions all that they do. */
static bool
is_known_expression(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Const:
		case T_Param:
		case T_FuncExpr:
		case T_NamedArgExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_SubscriptingRef:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_CollateExpr:
		case T_CaseExpr:
		case T_CaseTestExpr:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_RowCompareExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_SQLValueFunction:
		case T_NullTest:
		case T_BooleanTest:
			return true;
		default:
			return false;
	}
}

static bool
is_remarkable(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (!IsA(node, List) && !IsA(node, TargetEntry) && !IsA(node, CaseWhen))
	{
		if (!is_known_expression(node) || !is_harmless_type(exprType(node)) ||
			check_functions_in_node(node, is_remarkable_function, context))
			return true;
	}
	return expression_tree_walker(node, is_remarkable, context);
}

bool
respond_expression_is_simple(Node *expression)
{
	return !is_remarkable(expression, NULL);
}
