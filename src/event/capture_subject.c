/*-------------------------------------------------------------------------
 * capture_subject.c
 *	  The subject of a captured event.
 *
 * Events with the same subject take effect in commit order, so the default is
 * what a row is known by: its table and its primary key.
 *
 * An expression is parsed when the trigger first fires in a session, by
 * whoever makes it fire.  With search_path pinned its names mean the same for
 * everybody, as they do for the table's owner who wrote it.
 *
 * src/event/capture_subject.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "common/value_json.h"
#include "event/capture_expression.h"
#include "event/capture_subject.h"
#include "event/event_check.h"
#include "template/template_jsonb.h"

typedef enum SubjectForm
{
	SUBJECT_COLUMNS,			/* of the primary key, or the one that was named */
	SUBJECT_TEMPLATE,
	SUBJECT_EXPRESSION
} SubjectForm;

struct CaptureSubject
{
	SubjectForm form;
	const char *prefix;			/* COLUMNS: "table/", or "" */
	int			column_count;
	int			columns[INDEX_MAX_KEYS];	/* from 0 */
	ValueJson	values[INDEX_MAX_KEYS];
	Template   *template;
	ExprState  *expression;
	ExprContext *expression_context;
};

static void
add_column(CaptureSubject *subject, TupleDesc description, int column)
{
	respond_value_json_prepare(&subject->values[subject->column_count],
							   TupleDescAttr(description, column)->atttypid);
	subject->columns[subject->column_count++] = column;
}

/* A table without a primary key is one subject as a whole. */
static void
use_primary_key(CaptureSubject *subject, Relation relation, const char *name)
{
	Oid			index_oid;
	Relation	index;

	subject->form = SUBJECT_COLUMNS;
	subject->prefix = name;

	/* Fills in rd_pkindex. */
	list_free(RelationGetIndexList(relation));
	index_oid = relation->rd_pkindex;
	if (!OidIsValid(index_oid))
		return;
	index = relation_open(index_oid, AccessShareLock);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		add_column(subject, RelationGetDescr(relation), index->rd_index->indkey.values[i] - 1);
	relation_close(index, AccessShareLock);
}

/* Place of a column, from 0; -1 when there is none of that name. */
static int
find_column(Relation relation, const char *name)
{
	TupleDesc	description = RelationGetDescr(relation);

	for (int i = 0; i < description->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(description, i);

		if (!attribute->attisdropped && namestrcmp(&attribute->attname, name) == 0)
			return i;
	}
	return -1;
}

/* Whether the text could be the name of a column and nothing else. */
static bool
is_name(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!(*c == '_' || *c == '$' || isalnum((unsigned char) *c) || IS_HIGHBIT_SET(*c)))
			return false;
	return *text != '\0' && !isdigit((unsigned char) *text);
}

static ExprState *
compile_expression(const char *form, Relation relation)
{
	ParseState *parse_state = make_parsestate(NULL);
	Node	   *raw = respond_capture_expression_parse(form, "subject");
	Node	   *expression;
	int			nest_level = NewGUCNestLevel();
	CaptureExpressionPlace place;

	respond_capture_expression_enter(&place, form, "subject");
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	parse_state->p_sourcetext = form;
	respond_capture_expression_add_rows(parse_state, relation);
	expression = transformExpr(parse_state, raw, EXPR_KIND_TRIGGER_WHEN);
	expression = coerce_to_target_type(parse_state, expression, exprType(expression), TEXTOID, -1,
									   COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
	if (expression == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("subject \"%s\" cannot be converted to type text", form)));
	assign_expr_collations(parse_state, expression);
	free_parsestate(parse_state);
	AtEOXact_GUC(true, nest_level);
	respond_capture_expression_leave(&place);

	/* The executor's names of the two rows. */
	ChangeVarNodes(expression, RESPOND_OLD_ROW, INNER_VAR, 0);
	ChangeVarNodes(expression, RESPOND_NEW_ROW, OUTER_VAR, 0);
	return ExecInitExpr(expression_planner((Expr *) expression), NULL);
}

CaptureSubject *
respond_capture_subject_compile(const char *form, Relation relation, const char *name, bool strict)
{
	CaptureSubject *subject = palloc0(sizeof(CaptureSubject));
	int			column;

	subject->prefix = "";
	if (form == NULL)
	{
		use_primary_key(subject, relation, name);
		return subject;
	}

	column = find_column(relation, form);
	if (column >= 0)
	{
		subject->form = SUBJECT_COLUMNS;
		add_column(subject, RelationGetDescr(relation), column);
	}
	else if (strstr(form, "{{") != NULL)
	{
		subject->form = SUBJECT_TEMPLATE;
		subject->template = respond_template_compile_in(CurrentMemoryContext, form, strlen(form),
														"subject");
	}
	else if (is_name(form))
	{
		if (strict)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("subject: column \"%s\" of table \"%s\" does not exist", form,
							RelationGetRelationName(relation)),
					 errhint("Name a column, or give a template (order/{{new.id}}) or a SQL expression ('order/' || NEW.id).")));
		use_primary_key(subject, relation, name);
	}
	else
	{
		subject->form = SUBJECT_EXPRESSION;
		subject->expression = compile_expression(form, relation);
		subject->expression_context = CreateStandaloneExprContext();
	}
	return subject;
}

static char *
join_columns(CaptureSubject *subject, TupleTableSlot *row)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, subject->prefix);
	for (int i = 0; i < subject->column_count; i++)
	{
		bool		is_null;
		Datum		value = slot_getattr(row, subject->columns[i] + 1, &is_null);

		if (text.len > 0)
			appendStringInfoChar(&text, '/');
		if (!is_null)
			respond_value_json_append(&subject->values[i], &text, value);
	}
	return text.data;
}

static TemplateRoot
member_root(const TemplateValue *data, const char *name, const char *instead)
{
	TemplateRoot root = {name, respond_template_from_null()};

	if (!respond_template_jsonb_source.member(data, name, strlen(name), &root.value))
		(void) respond_template_jsonb_source.member(data, instead, strlen(instead), &root.value);
	return root;
}

static char *
render_template(CaptureSubject *subject, const char *type, Jsonb *data)
{
	TemplateValue document = respond_template_from_jsonb(data);
	TemplateRoot roots[] = {
		{"data", document},
		{"type", respond_template_from_cstring(type)},
		member_root(&document, "new", "old"),
		member_root(&document, "old", "new"),
	};
	TemplateRoots context = {lengthof(roots), roots};
	TemplateValue root = respond_template_from_roots(&context);

	return respond_template_render_cstring(subject->template, &root, TEMPLATE_ESCAPE_NONE, NULL);
}

static char *
evaluate_expression(CaptureSubject *subject, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	ExprContext *context = subject->expression_context;
	bool		is_null;
	Datum		value;
	char	   *result;

	context->ecxt_innertuple = old_row;
	context->ecxt_outertuple = new_row;
	value = ExecEvalExprSwitchContext(subject->expression, context, &is_null);
	result = is_null ? NULL : TextDatumGetCString(value);
	ResetExprContext(context);
	return result;
}

char *
respond_capture_subject_make(CaptureSubject *subject, TupleTableSlot *old_row,
							 TupleTableSlot *new_row, const char *type, Jsonb *data)
{
	char	   *result = NULL;

	switch (subject->form)
	{
		case SUBJECT_COLUMNS:
			result = join_columns(subject, new_row != NULL ? new_row : old_row);
			break;
		case SUBJECT_TEMPLATE:
			result = render_template(subject, type, data);
			break;
		case SUBJECT_EXPRESSION:
			result = evaluate_expression(subject, old_row != NULL ? old_row : new_row,
										 new_row != NULL ? new_row : old_row);
			break;
	}
	if (result == NULL || result[0] == '\0')
		return NULL;

	/* The tail of a long key is given up rather than the change it belongs to. */
	if (strlen(result) > RESPOND_MAX_SUBJECT)
		result[pg_mbcliplen(result, strlen(result), RESPOND_MAX_SUBJECT)] = '\0';
	return result;
}
