/*-------------------------------------------------------------------------
 * event_columns.c
 *	  The columns of respond.event.
 *
 * src/event/event_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "event/event_columns.h"

static const ShapeColumn columns[EVENT_COLUMN_COUNT] = {
	{"id", INT8OID},
	{"type", TEXTOID},
	{"source", TEXTOID},
	{"subject", TEXTOID},
	{"time", TIMESTAMPTZOID},
	{"data", JSONBOID},
	{"key", TEXTOID},
	{"cause", INT8OID},
	{"depth", INT4OID},
	{"actor", TEXTOID},
	{"recorded_at", TIMESTAMPTZOID},
	{"xid", XID8OID},
	{"incarnation", INT8OID},
};

const Shape respond_shape_event = SHAPE("respond.event", columns);

static bool
is_column(TupleDesc description, int position, EventColumn column)
{
	Form_pg_attribute attribute;

	if (position < 0 || position >= description->natts)
		return false;
	attribute = TupleDescAttr(description, position);
	return !attribute->attisdropped &&
		(attribute->atttypid == columns[column].type || getBaseType(attribute->atttypid) == columns[column].type) &&
		strcmp(NameStr(attribute->attname), columns[column].name) == 0;
}

void
respond_event_columns_find(Relation partition, int positions[EVENT_COLUMN_COUNT])
{
	TupleDesc	description = RelationGetDescr(partition);

	for (int column = 0; column < EVENT_COLUMN_COUNT; column++)
	{
		int			position = column;

		/* Usually it is where it is in the parent. */
		if (!is_column(description, position, column))
			position = get_attnum(RelationGetRelid(partition), columns[column].name) - 1;
		if (!is_column(description, position, column))
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("table \"%s\" is not an event log: it has no column \"%s\" of type %s",
							RelationGetRelationName(partition), columns[column].name,
							format_type_be(columns[column].type))));
		positions[column] = position;
	}
}
