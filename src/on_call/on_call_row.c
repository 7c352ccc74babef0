/*-------------------------------------------------------------------------
 * on_call_row.c
 *	  Rows of rotations, layers and overrides as C sees them.
 *
 * src/on_call/on_call_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "on_call/on_call_row.h"

static const ShapeColumn rotation_columns[] = {
	{"name", TEXTOID},
	{"timezone", TEXTOID},
	{"starts", TIMESTAMPOID},
	{"unit", TEXTOID},
	{"length", INT4OID},
};

StaticAssertDecl(lengthof(rotation_columns) == ROTATION_COLUMNS, "each column of respond.rotation has its type");

static const ShapeColumn member_columns[] = {
	{"rotation", TEXTOID},
	{"agent", TEXTOID},
	{"position", INT4OID},
	{"valid_from", TIMESTAMPTZOID},
	{"valid_to", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(member_columns) == MEMBER_COLUMNS, "each column of respond.rotation_member has its type");

static const ShapeColumn layer_columns[] = {
	{"team", TEXTOID},
	{"position", INT4OID},
	{"rotation", TEXTOID},
	{"agent", TEXTOID},
	{"windows", JSONBOID},
	{"timezone", TEXTOID},
	{"valid_from", TIMESTAMPTZOID},
	{"valid_to", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(layer_columns) == LAYER_COLUMNS, "each column of respond.on_call_layer has its type");

static const ShapeColumn override_columns[] = {
	{"team", TEXTOID},
	{"kind", TEXTOID},
	{"agent", TEXTOID},
	{"with_agent", TEXTOID},
	{"from_time", TIMESTAMPTZOID},
	{"to_time", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(override_columns) == OVERRIDE_COLUMNS,
				 "each column of respond.on_call_override has its type");

const Shape respond_shape_rotation = SHAPE("respond.rotation", rotation_columns);
const Shape respond_shape_rotation_member = SHAPE("respond.rotation_member", member_columns);
const Shape respond_shape_on_call_layer = SHAPE("respond.on_call_layer", layer_columns);
const Shape respond_shape_on_call_override = SHAPE("respond.on_call_override", override_columns);

static bool
find_word(const char *const *words, int count, const char *word, int *found)
{
	for (*found = 0; *found < count; (*found)++)
		if (strcmp(words[*found], word) == 0)
			return true;
	return false;
}

bool
respond_rotation_unit(const char *name, RotationUnit *unit)
{
	static const char *const words[] = {"hour", "day", "week", "month"};
	int			found;

	if (!find_word(words, lengthof(words), name, &found))
		return false;
	*unit = (RotationUnit) found;
	return true;
}

bool
respond_override_kind(const char *name, OverrideKind *kind)
{
	static const char *const words[] = {"replace", "remove", "add"};
	int			found;

	if (!find_word(words, lengthof(words), name, &found))
		return false;
	*kind = (OverrideKind) found;
	return true;
}
