/*-------------------------------------------------------------------------
 * shape_sql.c
 *	  Shapes of the tables that our code reaches through SQL alone.
 *
 * A statement that is planned anew after ALTER TABLE returns columns of the new
 * types, and whoever reads a text where there is a number now crashes.
 *
 * src/common/shape_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"

#include "common/shape_sql.h"

static const ShapeColumn acknowledged_columns[] = {
	{"kind", TEXTOID},
	{"id", INT8OID},
	{"at", TIMESTAMPTZOID},
	{"actor", TEXTOID},
};

static const ShapeColumn dead_event_columns[] = {
	{"event_id", INT8OID},
	{"event_type", TEXTOID},
	{"rule", TEXTOID},
	{"reason", TEXTOID},
	{"error", InvalidOid, "private_text"},
	{"at", TIMESTAMPTZOID},
};

static const ShapeColumn set_aside_event_columns[] = {
	{"id", INT8OID},
	{"event_id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
	{"rule", TEXTOID},
	{"rule_hash", INT8OID},
	{"subject", TEXTOID},
	{"strand", INT8OID},
	{"forced", BOOLOID},
	{"replay", BOOLOID},
	{"run_id", INT8OID},
	{"sqlstate", TEXTOID},
	{"tries", INT4OID},
	{"first_at", TIMESTAMPTZOID},
	{"due_at", TIMESTAMPTZOID},
	{"queue", INT8OID},
	{"rule_owner", OIDOID},
	{"incarnation", INT8OID},
	{"place", JSONBOID},
};

static const ShapeColumn stopped_rule_columns[] = {
	{"rule", TEXTOID},
	{"version", INT4OID},
	{"event_id", INT8OID},
	{"caused", INT8OID},
	{"since", TIMESTAMPTZOID},
};

static const ShapeColumn suspect_columns[] = {
	{"event_id", INT8OID},
	{"tries", INT4OID},
	{"vanished", INT4OID},
	{"life", INT8OID},
	{"at", TIMESTAMPTZOID},
};

static const ShapeColumn suspect_delivery_columns[] = {
	{"delivery_id", INT8OID},
	{"created_at", TIMESTAMPTZOID},
	{"tries", INT4OID},
	{"vanished", INT4OID},
	{"life", INT8OID},
	{"alone", BOOLOID},
	{"at", TIMESTAMPTZOID},
};

static const ShapeColumn time_seen_columns[] = {
	{"seen_at", TIMESTAMPTZOID},
	{"flow_passed", TIMESTAMPTZOID},
	{"clock_passed", TIMESTAMPTZOID},
};

const Shape respond_shape_acknowledged = SHAPE("respond_internal.acknowledged", acknowledged_columns);
const Shape respond_shape_dead_event = SHAPE("respond_internal.dead_event", dead_event_columns);
const Shape respond_shape_set_aside_event = SHAPE("respond_internal.set_aside_event", set_aside_event_columns);
const Shape respond_shape_stopped_rule = SHAPE("respond_internal.stopped_rule", stopped_rule_columns);
const Shape respond_shape_suspect = SHAPE("respond_internal.suspect", suspect_columns);
const Shape respond_shape_suspect_delivery = SHAPE("respond_internal.suspect_delivery", suspect_delivery_columns);
const Shape respond_shape_time_seen = SHAPE("respond_internal.time_seen", time_seen_columns);
