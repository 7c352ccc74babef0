/*-------------------------------------------------------------------------
 * run_columns.c
 *	  Columns of respond.run.
 *
 * src/effect/run_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "effect/run.h"

static const ShapeColumn run_columns[] = {
	{"id", INT8OID},
	{"rule", TEXTOID},
	{"rule_version", INT4OID},
	{"event_id", INT8OID},
	{"status", TEXTOID},
	{"step", TEXTOID},
	{"state", InvalidOid, "private_jsonb"},
	{"error", InvalidOid, "private_text"},
	{"replay", BOOLOID},
	{"started_at", TIMESTAMPTZOID},
	{"finished_at", TIMESTAMPTZOID},
	{"resume_at", TIMESTAMPTZOID},
	{"waits_for", TEXTOID},
	{"key", TEXTOID},
	{"parent_id", INT8OID},
	{"paused_at", TIMESTAMPTZOID},
	{"saved", InvalidOid, "private_jsonb"},
	{"waiting_since", TIMESTAMPTZOID},
	{"waiting", InvalidOid, "private_jsonb"},
};

StaticAssertDecl(lengthof(run_columns) == RUN_COLUMNS, "each column of respond.run has its type");

const Shape respond_shape_run = SHAPE("respond.run", run_columns);
