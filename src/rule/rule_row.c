/*-------------------------------------------------------------------------
 * rule_row.c
 *	  Rows of rules as C sees them.
 *
 * src/rule/rule_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/row_values.h"
#include "rule/rule_row.h"

static const ShapeColumn version_columns[] = {
	{"name", TEXTOID},
	{"folder", TEXTOID},
	{"description", TEXTOID},
	{"enabled", BOOLOID},
	{"shadow", BOOLOID},
	{"priority", INT4OID},
	{"event_type", TEXTOID},
	{"pattern", JSONBOID},
	{"condition", TEXTOID},
	{"correlate", JSONBOID},
	{"steps", JSONBOID},
	{"on_failure", JSONBOID},
	{"owner", NAMEOID},
	{"version", INT4OID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"start_roles", NAMEARRAYOID},
	{"owner_id", OIDOID},
	{"start_role_ids", OIDARRAYOID},
	{"owner_system", INT8OID},
	{"timezone", TEXTOID},
	{"concurrency", JSONBOID},
	{"cancel_on", JSONBOID},
	{"on_cancel", JSONBOID},
	{"changed_by", TEXTOID},
	{"changed_at", TIMESTAMPTZOID},
	{"session_actor", TEXTOID},
};

StaticAssertDecl(lengthof(version_columns) == VERSION_COLUMNS, "each column of respond.rule_version has its type");

/* respond.rule has the same without the last two. */
const Shape respond_shape_rule = {"respond.rule", RULE_COLUMNS, version_columns};
const Shape respond_shape_rule_version = SHAPE("respond.rule_version", version_columns);

static const ShapeColumn mute_columns[] = {
	{"id", INT8OID},
	{"event_type", TEXTOID},
	{"pattern", JSONBOID},
	{"from_time", TIMESTAMPTZOID},
	{"until_time", TIMESTAMPTZOID},
	{"reason", TEXTOID},
	{"actor", TEXTOID},
};

StaticAssertDecl(lengthof(mute_columns) == MUTE_COLUMNS, "each column of respond.mute has its type");

const Shape respond_shape_mute = SHAPE("respond.mute", mute_columns);

static const ShapeColumn route_columns[] = {
	{"name", TEXTOID},
	{"event_type", TEXTOID},
	{"pattern", JSONBOID},
	{"notify_channel", TEXTOID},
	{"payload", TEXTOID},
	{"enabled", BOOLOID},
};

StaticAssertDecl(lengthof(route_columns) == ROUTE_COLUMNS, "each column of respond.route has its type");

const Shape respond_shape_route = SHAPE("respond.route", route_columns);

void
respond_rule_row_read(RuleRow *row, const Datum *values, const bool *nulls)
{
	row->name = respond_row_text(values, nulls, RULE_NAME);
	row->folder = respond_row_text(values, nulls, RULE_FOLDER);
	row->description = respond_row_text(values, nulls, RULE_DESCRIPTION);
	row->enabled = !nulls[RULE_ENABLED] && DatumGetBool(values[RULE_ENABLED]);
	row->shadow = !nulls[RULE_SHADOW] && DatumGetBool(values[RULE_SHADOW]);
	row->priority = nulls[RULE_PRIORITY] ? 0 : DatumGetInt32(values[RULE_PRIORITY]);
	row->event_type = respond_row_text(values, nulls, RULE_EVENT_TYPE);
	row->pattern = respond_row_jsonb(values, nulls, RULE_PATTERN);
	row->condition = respond_row_text(values, nulls, RULE_CONDITION);
	row->correlate = respond_row_jsonb(values, nulls, RULE_CORRELATE);
	row->steps = respond_row_jsonb(values, nulls, RULE_STEPS);
	row->on_failure = respond_row_jsonb(values, nulls, RULE_ON_FAILURE);
	row->timezone = respond_row_text(values, nulls, RULE_TIMEZONE);
	row->concurrency = respond_row_jsonb(values, nulls, RULE_CONCURRENCY);
	row->cancel_on = respond_row_jsonb(values, nulls, RULE_CANCEL_ON);
	row->on_cancel = respond_row_jsonb(values, nulls, RULE_ON_CANCEL);
	row->owner = nulls[RULE_OWNER] ? NULL : pstrdup(NameStr(*DatumGetName(values[RULE_OWNER])));
	row->version = nulls[RULE_VERSION] ? 0 : DatumGetInt32(values[RULE_VERSION]);
	row->created_at = nulls[RULE_CREATED_AT] ? 0 : DatumGetTimestampTz(values[RULE_CREATED_AT]);
	row->updated_at = nulls[RULE_UPDATED_AT] ? 0 : DatumGetTimestampTz(values[RULE_UPDATED_AT]);
	row->start_roles = nulls[RULE_START_ROLES] ? NULL : DatumGetArrayTypePCopy(values[RULE_START_ROLES]);
	row->owner_id = nulls[RULE_OWNER_ID] ? InvalidOid : DatumGetObjectId(values[RULE_OWNER_ID]);
	row->start_role_ids = nulls[RULE_START_ROLE_IDS] ? NULL : DatumGetArrayTypePCopy(values[RULE_START_ROLE_IDS]);
	row->owner_system = nulls[RULE_OWNER_SYSTEM] ? 0 : DatumGetInt64(values[RULE_OWNER_SYSTEM]);
}

FlowSource
respond_rule_row_flow(const RuleRow *row, Oid owner)
{
	FlowSource	source = {row->steps, row->on_failure, row->on_cancel, row->cancel_on, row->concurrency,
	row->timezone, owner};

	return source;
}
