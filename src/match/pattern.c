/*-------------------------------------------------------------------------
 * pattern.c
 *	  Compiles an event pattern: objects, fields and "$or".
 *
 * "$or" is multiplied out into alternatives, as event-ruler does.  "$or" is an
 * ordinary field name when the pattern as a whole cannot be read otherwise:
 * its value is not an array of at least two objects, or a member of them is
 * named like an operator.  So the pattern is compiled a second time with
 * "$or" as a name; when that fails too, the first error is reported, because
 * it is about what the author meant.
 *
 * The members of an object are read before its "$or", whatever their order
 * (jsonb keeps none): a field named inside "$or" replaces the same field
 * outside.  The same path twice on one level, possible only with dots in
 * names, is refused, since there is no order to tell which one is meant.
 *
 * src/match/pattern.c
 *-------------------------------------------------------------------------
 */
#include "match/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "match/pattern_place.h"

#define OR_NAME			"$or"
#define PATH_LIMIT		8192	/* bytes of a path */

/* Names that make "$or" an ordinary field name when used inside of it. */
static const char *const operator_names[] = {
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard",
	"numeric", "cidr", "all-of", "=", "<", "<=", ">", ">=", "regex", "not-wildcard",
	"not-equals-ignore-case", "date-after", "date-on-or-after", "date-before", "date-on-or-before",
	"in-date-range", "ip-address-in-range", "ip-address-not-in-range"
};

typedef struct DraftField
{
	const PatternField *field;
	int			or_depth;		/* how many "$or" it stands in */
} DraftField;

/* An alternative being built; fields is an array that is never shared. */
typedef struct Draft
{
	int			count;
	int			room;
	DraftField *fields;
} Draft;

typedef struct DraftList
{
	int			count;
	int			room;
	Draft	   *drafts;
} DraftList;

typedef struct Compiler
{
	PatternPlace place;
	bool		or_is_name;
	int			or_depth;
	DraftList	drafts;
	int			name_count;		/* names on path */
	size_t		path_length;
	char		path[PATH_LIMIT];
} Compiler;

static bool compile_object(Compiler *compiler, const JsonValue *object);

static bool
name_is(const JsonMember *member, const char *name)
{
	return member->name_length == strlen(name) && memcmp(member->name, name, member->name_length) == 0;
}

static void
append_draft(Arena *arena, DraftList *list, Draft draft)
{
	if (list->count == list->room)
	{
		int			room = list->room == 0 ? 4 : list->room * 2;
		Draft	   *drafts = respond_arena_alloc(arena, (size_t) room * sizeof(Draft));

		if (list->count > 0)
			memcpy(drafts, list->drafts, (size_t) list->count * sizeof(Draft));
		list->drafts = drafts;
		list->room = room;
	}
	list->drafts[list->count++] = draft;
}

static Draft
copy_draft(Arena *arena, const Draft *draft)
{
	Draft		copy = {0, 0, NULL};

	if (draft->count > 0)
	{
		copy.count = copy.room = draft->count;
		copy.fields = respond_arena_alloc(arena, (size_t) draft->count * sizeof(DraftField));
		memcpy(copy.fields, draft->fields, (size_t) draft->count * sizeof(DraftField));
	}
	return copy;
}

static bool
put_field(Compiler *compiler, Draft *draft, const PatternField *field)
{
	DraftField	entry = {field, compiler->or_depth};

	for (int i = 0; i < draft->count; i++)
	{
		const PatternField *other = draft->fields[i].field;

		if (other->path_length != field->path_length ||
			memcmp(other->path, field->path, field->path_length) != 0)
			continue;
		if (draft->fields[i].or_depth >= compiler->or_depth)
			return respond_place_fail(&compiler->place,
									  "Put the tests into one array, or AND them with {\"all-of\": [...]}.",
									  "the field is given twice");
		draft->fields[i] = entry;
		return true;
	}
	if (draft->count == PATTERN_FIELD_LIMIT)
		return respond_place_fail(&compiler->place, "Split the rule.",
								  "more than %d fields", PATTERN_FIELD_LIMIT);
	if (draft->count == draft->room)
	{
		int			room = draft->room < 4 ? 4 : draft->room * 2;
		DraftField *fields = respond_arena_alloc(compiler->place.arena, (size_t) room * sizeof(DraftField));

		if (draft->count > 0)
			memcpy(fields, draft->fields, (size_t) draft->count * sizeof(DraftField));
		draft->fields = fields;
		draft->room = room;
	}
	draft->fields[draft->count++] = entry;
	return true;
}

/* A field with its array of tests, at compiler->path. */
static bool
compile_field(Compiler *compiler, const JsonValue *array)
{
	Arena	   *arena = compiler->place.arena;
	PatternField *field = respond_arena_alloc_zero(arena, sizeof(PatternField));

	field->path = respond_arena_copy(arena, compiler->path, compiler->path_length);
	field->path_length = compiler->path_length;
	if (!respond_pattern_tests(&compiler->place, array, &field->tests))
		return false;
	for (int i = 0; i < compiler->drafts.count; i++)
		if (!put_field(compiler, &compiler->drafts.drafts[i], field))
			return false;
	return true;
}

/* Each object of the array starts anew from the alternatives so far. */
static bool
compile_or(Compiler *compiler, const JsonValue *array)
{
	Arena	   *arena = compiler->place.arena;
	DraftList	before = compiler->drafts;
	DraftList	after = {0, 0, NULL};
	static const char hint[] = "Write \"$or\" as an array of at least two objects, each with fields that must hold.";

	if (array->kind != JSON_KIND_ARRAY)
		return respond_place_fail(&compiler->place, hint, "\"$or\" must be an array");
	if (array->count < 2)
		return respond_place_fail(&compiler->place, hint, "\"$or\" must have at least two objects");
	compiler->or_depth++;
	for (size_t i = 0; i < array->count; i++)
	{
		size_t		mark = respond_place_enter_item(&compiler->place, i);

		if (array->items[i]->kind != JSON_KIND_OBJECT)
			return respond_place_fail(&compiler->place, hint, "only objects are allowed in \"$or\"");
		compiler->drafts = (DraftList) {0, 0, NULL};
		for (int d = 0; d < before.count; d++)
			append_draft(arena, &compiler->drafts, copy_draft(arena, &before.drafts[d]));
		if (!compile_object(compiler, array->items[i]))
			return false;
		if (after.count + compiler->drafts.count > PATTERN_ALTERNATIVE_LIMIT)
			return respond_place_fail(&compiler->place,
									  "Split the rule, or list the values of one field in one array.",
									  "\"$or\" multiplies out to more than %d alternatives",
									  PATTERN_ALTERNATIVE_LIMIT);
		for (int d = 0; d < compiler->drafts.count; d++)
			append_draft(arena, &after, compiler->drafts.drafts[d]);
		respond_place_leave(&compiler->place, mark);
	}
	compiler->or_depth--;
	compiler->drafts = after;
	return true;
}

static bool
check_name(Compiler *compiler, const JsonMember *member)
{
	if (compiler->or_depth == 0)
		return true;
	for (size_t i = 0; i < sizeof(operator_names) / sizeof(operator_names[0]); i++)
		if (name_is(member, operator_names[i]))
			return respond_place_fail(&compiler->place,
									  "Inside \"$or\" name a field and put the operator into its array.",
									  "the operator \"%s\" cannot be a field name inside \"$or\"",
									  operator_names[i]);
	return true;
}

static bool
compile_member(Compiler *compiler, const JsonMember *member)
{
	size_t		mark = respond_place_enter_member(&compiler->place, member->name, member->name_length);
	size_t		path_mark = compiler->path_length;
	bool		valid;

	if (!check_name(compiler, member))
		return false;
	if (member->name_length + 1 > PATH_LIMIT - compiler->path_length)
		return respond_place_fail(&compiler->place, "Use shorter names.",
								  "the path is longer than %d bytes", PATH_LIMIT);
	if (compiler->name_count++ > 0)
		compiler->path[compiler->path_length++] = '.';
	memcpy(compiler->path + compiler->path_length, member->name, member->name_length);
	compiler->path_length += member->name_length;

	if (member->value->kind == JSON_KIND_OBJECT)
		valid = compile_object(compiler, member->value);
	else if (member->value->kind == JSON_KIND_ARRAY)
		valid = compile_field(compiler, member->value);
	else
		valid = respond_place_fail(&compiler->place,
								   "Put the value into an array, as in [\"value\"], even when there is only one.",
								   "the value must be an object or an array");
	compiler->path_length = path_mark;
	compiler->name_count--;
	respond_place_leave(&compiler->place, mark);
	return valid;
}

static bool
compile_object(Compiler *compiler, const JsonValue *object)
{
	if (object->count == 0)
		return respond_place_fail(&compiler->place,
								  "Name at least one field, or leave the object out.",
								  "empty objects are not allowed");
	if (compiler->place.depth >= PATTERN_DEPTH_LIMIT)
		return respond_place_fail(&compiler->place, "Make the pattern flatter.",
								  "nested deeper than %d levels", PATTERN_DEPTH_LIMIT);
	compiler->place.depth++;
	for (size_t i = 0; i < object->count; i++)
		if (compiler->or_is_name || !name_is(&object->members[i], OR_NAME))
			if (!compile_member(compiler, &object->members[i]))
				return false;
	for (size_t i = 0; i < object->count; i++)
		if (!compiler->or_is_name && name_is(&object->members[i], OR_NAME))
		{
			size_t		mark = respond_place_enter_member(&compiler->place, OR_NAME, strlen(OR_NAME));

			if (!compile_or(compiler, object->members[i].value))
				return false;
			respond_place_leave(&compiler->place, mark);
		}
	compiler->place.depth--;
	return true;
}

static int
compare_fields(const void *left, const void *right)
{
	const PatternField *a = *(const PatternField *const *) left;
	const PatternField *b = *(const PatternField *const *) right;
	size_t		common = a->path_length < b->path_length ? a->path_length : b->path_length;
	int			order = memcmp(a->path, b->path, common);

	if (order != 0)
		return order;
	return (a->path_length > b->path_length) - (a->path_length < b->path_length);
}

static const Pattern *
finish(Arena *arena, const DraftList *drafts)
{
	Pattern    *pattern = respond_arena_alloc(arena, sizeof(Pattern));

	pattern->alternative_count = drafts->count;
	pattern->alternatives = respond_arena_alloc(arena, (size_t) drafts->count * sizeof(PatternAlternative));
	for (int i = 0; i < drafts->count; i++)
	{
		const Draft *draft = &drafts->drafts[i];
		const PatternField **fields = respond_arena_alloc(arena, (size_t) draft->count * sizeof(*fields));

		for (int f = 0; f < draft->count; f++)
			fields[f] = draft->fields[f].field;
		qsort(fields, (size_t) draft->count, sizeof(*fields), compare_fields);
		pattern->alternatives[i] = (PatternAlternative) {draft->count, fields};
	}
	return pattern;
}

static const Pattern *
compile(Arena *arena, const JsonValue *json, bool or_is_name, PatternError *error)
{
	Compiler   *compiler = respond_arena_alloc(arena, sizeof(Compiler));

	memset(compiler, 0, offsetof(Compiler, path));
	compiler->place.arena = arena;
	compiler->place.error = error;
	compiler->or_is_name = or_is_name;
	append_draft(arena, &compiler->drafts, (Draft) {0, 0, NULL});
	if (!compile_object(compiler, json))
		return NULL;
	return finish(arena, &compiler->drafts);
}

const Pattern *
respond_pattern_compile(Arena *arena, const JsonValue *json, PatternError *error)
{
	const Pattern *pattern;
	PatternError second;

	memset(error, 0, sizeof(*error));
	if (json->kind != JSON_KIND_OBJECT)
	{
		strcpy(error->message, "must be a JSON object");
		strcpy(error->hint, "Write the fields that must match, as in {\"data\": {\"status\": [\"failed\"]}}.");
		return NULL;
	}
	pattern = compile(arena, json, false, error);
	if (pattern == NULL)
		pattern = compile(arena, json, true, &second);
	return pattern;
}
