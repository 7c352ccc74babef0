/*-------------------------------------------------------------------------
 * delivery_columns.c
 *	  Columns of respond.delivery.
 *
 * src/outbox/delivery_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "outbox/delivery_columns.h"

static const ShapeColumn delivery_columns[] = {
	{"id", INT8OID},
	{"key", UUIDOID},
	{"channel", TEXTOID},
	{"rule", TEXTOID},
	{"run_id", INT8OID},
	{"event_id", INT8OID},
	{"ticket_id", INT8OID},
	{"subject", TEXTOID},
	{"status", TEXTOID},
	{"attempts", INT4OID},
	{"next_attempt_at", TIMESTAMPTZOID},
	{"last_status", INT4OID},
	{"last_error", TEXTOID},
	{"created_at", TIMESTAMPTZOID},
	{"finished_at", TIMESTAMPTZOID},
	{"attempts_before", INT4OID},
	{"due_since", TIMESTAMPTZOID},
	{"depth", INT4OID},
	{"url", TEXTOID},
	{"headers", JSONBOID},
	{"recipients", TEXTARRAYOID},
	{"body", TEXTOID},
	{"html", TEXTOID},
	{"secret_mark", TEXTOID},
	{"incarnation", INT8OID},
	{"channel_id", UUIDOID},
	{"definition", TEXTOID},
	{"method", TEXTOID},
	{"deadline", TIMESTAMPTZOID},
	{"attempt_timeout", INTERVALOID},
	{"max_attempts", INT4OID},
	{"max_body", INT4OID},
	{"expect", INT4ARRAYOID},
	{"run_started_at", TIMESTAMPTZOID},
	{"step", TEXTOID},
	{"retry_after", INTERVALOID},
	{"callback_mark", TEXTOID},
};

StaticAssertDecl(lengthof(delivery_columns) == DELIVERY_COLUMNS, "each column of respond.delivery has its type");

const Shape respond_shape_delivery = SHAPE("respond.delivery", delivery_columns);
