/*-------------------------------------------------------------------------
 * timer_columns.c
 *	  Columns of respond_internal.timer.
 *
 * src/timer/timer_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "timer/timer_columns.h"

static const ShapeColumn timer_columns[] = {
	{"id", INT8OID},
	{"due_at", TIMESTAMPTZOID},
	{"reader", INT2OID},
	{"kind", TEXTOID},
	{"run_id", INT8OID},
	{"run_started_at", TIMESTAMPTZOID},
	{"name", TEXTOID},
	{"data", JSONBOID},
	{"incarnation", INT8OID},
};

StaticAssertDecl(lengthof(timer_columns) == TIMER_COLUMNS, "each column of the timers has its type");

const Shape respond_shape_timer = SHAPE("respond_internal.timer", timer_columns);
