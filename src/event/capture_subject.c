/*-------------------------------------------------------------------------
 * capture_subject.c
 *	  The subject of a captured event.
 *
 * Events with the same subject take effect in commit order, so the default is
 * what a row is known by: its table and its primary key.
 *
 * An expression is parsed when the trigger first fires in a session, by
 * whoever makes it fire.  With search_path and settings pinned its names and
 * values mean the same for everybody, as they do for the table's owner who wrote
 * it: a row has one subject.
 *
 * src/event/capture_subject.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/relcache.h"

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
	CaptureExpression *expression;
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

/* What a text is; column: which one, for SUBJECT_COLUMNS.  Raises for a name that is no column. */
static SubjectForm
form_of(const char *form, Relation relation, int *column)
{
	*column = find_column(relation, form);
	if (*column >= 0)
		return SUBJECT_COLUMNS;
	if (strstr(form, "{{") != NULL)
		return SUBJECT_TEMPLATE;
	if (is_name(form))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("subject: column \"%s\" of table \"%s\" does not exist", form,
						RelationGetRelationName(relation)),
				 errhint("Name a column, or give a template (order/{{new.id}}) or a SQL expression ('order/' ||"
						 " NEW.id).")));
	return SUBJECT_EXPRESSION;
}

static bool
is_word(const char *text, size_t length, const char *word)
{
	return text != NULL && length == strlen(word) && memcmp(text, word, length) == 0;
}

/* A row has all columns of its table, and nothing else. */
static void
check_path(void *state, const TemplatePathUse *use)
{
	Relation	relation = state;
	const char *column = NULL;
	size_t		length = 0;
	char	   *name;

	if (use->in_section)
		return;
	if (is_word(use->root, use->root_length, "new") || is_word(use->root, use->root_length, "old"))
	{
		column = use->second;
		length = use->second_length;
	}
	else if (is_word(use->root, use->root_length, "data") &&
			 (is_word(use->second, use->second_length, "new") || is_word(use->second, use->second_length, "old")))
	{
		column = use->third;
		length = use->third_length;
	}
	if (column == NULL)
		return;
	name = pnstrdup(column, length);
	if (find_column(relation, name) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("subject: column \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(relation))));
	pfree(name);
}

static Template *
compile_template(const char *form, Relation relation)
{
	Template   *template = respond_template_compile_in(CurrentMemoryContext, form, strlen(form), "subject");

	respond_template_each_path(template, check_path, relation);
	return template;
}

CaptureSubject *
respond_capture_subject_compile(const char *form, Relation relation, const char *name)
{
	CaptureSubject *subject = palloc0(sizeof(CaptureSubject));
	int			column;

	subject->prefix = "";
	if (form == NULL)
	{
		use_primary_key(subject, relation, name);
		return subject;
	}

	subject->form = form_of(form, relation, &column);
	switch (subject->form)
	{
		case SUBJECT_COLUMNS:
			add_column(subject, RelationGetDescr(relation), column);
			break;
		case SUBJECT_TEMPLATE:
			subject->template = compile_template(form, relation);
			break;
		case SUBJECT_EXPRESSION:
			subject->expression = respond_capture_expression_compile(form, relation, "subject");
			break;
	}
	return subject;
}

void
respond_capture_subject_check(const char *form, Relation relation)
{
	int			column;

	switch (form_of(form, relation, &column))
	{
		case SUBJECT_COLUMNS:
			break;
		case SUBJECT_TEMPLATE:
			(void) compile_template(form, relation);
			break;
		case SUBJECT_EXPRESSION:
			respond_capture_expression_check(form, relation, "subject");
			break;
	}
}

bool
respond_capture_subject_is_foreign(const CaptureSubject *subject)
{
	/* A function of the server too may raise, and leave things to be cleaned up. */
	if (subject->form != SUBJECT_COLUMNS)
		return true;
	for (int i = 0; i < subject->column_count; i++)
		if (subject->values[i].foreign)
			return true;
	return false;
}

bool
respond_capture_subject_is_by_settings(const CaptureSubject *subject)
{
	if (subject->form == SUBJECT_EXPRESSION)
		return true;
	for (int i = 0; i < subject->column_count; i++)
		if (subject->values[i].by_settings)
			return true;
	return false;
}

char *
respond_capture_subject_escape(const char *text, const char *further)
{
	StringInfoData result;

	initStringInfo(&result);
	for (const char *c = text; *c != '\0'; c++)
	{
		if (*c == '/' || *c == '%' || strchr(further, *c) != NULL)
			appendStringInfo(&result, "%%%02X", (unsigned char) *c);
		else
			appendStringInfoChar(&result, *c);
	}
	return result.data;
}

char *
respond_capture_subject_clip(char *text, int limit)
{
	int			length = strlen(text);
	int			room = limit - 9;

	if (length <= limit)
		return text;
	return psprintf("%.*s#%08x", pg_mbcliplen(text, length, room), text,
					DatumGetUInt32(hash_any((unsigned char *) text, length)));
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
		if (is_null)
			continue;
		if (subject->column_count == 1)
			respond_value_json_append(&subject->values[i], &text, value);
		else
		{
			StringInfoData part;

			initStringInfo(&part);
			respond_value_json_append(&subject->values[i], &part, value);
			appendStringInfoString(&text, respond_capture_subject_escape(part.data, ""));
		}
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
	bool		is_null;
	Datum		value;
	char	   *result;

	respond_capture_expression_reset(subject->expression);
	value = respond_capture_expression_evaluate(subject->expression, old_row, new_row, &is_null);
	result = is_null ? NULL : TextDatumGetCString(value);
	respond_capture_expression_reset(subject->expression);
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
	return respond_capture_subject_clip(result, RESPOND_MAX_SUBJECT);
}
