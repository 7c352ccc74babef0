/*-------------------------------------------------------------------------
 * channel_columns.c
 *	  Columns of respond.channel.
 *
 * src/channel/channel_columns.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"

#include "channel/channel_columns.h"

static const ShapeColumn channel_columns[] = {
	{"name", TEXTOID},
	{"kind", TEXTOID},
	{"url", TEXTOID},
	{"options", JSONBOID},
	{"secret", TEXTOID},
	{"max_attempts", INT4OID},
	{"retry_delays", INTERVALARRAYOID},
	{"timeout", INTERVALOID},
	{"rate_limit", FLOAT8OID},
	{"concurrency", INT4OID},
	{"ordered", BOOLOID},
	{"enabled", BOOLOID},
	{"disabled_reason", TEXTOID},
	{"description", TEXTOID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"id", UUIDOID},
	{"kind_id", UUIDOID},
};

StaticAssertDecl(lengthof(channel_columns) == CHANNEL_COLUMNS, "each column of respond.channel has its type");

const Shape respond_shape_channel = SHAPE("respond.channel", channel_columns);

Datum
respond_channel_columns_name(HeapTuple tuple, TupleDesc desc, bool *is_null)
{
	return heap_getattr(tuple, respond_shape_place(&respond_shape_channel, desc, CHANNEL_NAME) + 1, desc, is_null);
}

Datum
respond_channel_columns_id(HeapTuple tuple, TupleDesc desc, bool *is_null)
{
	return heap_getattr(tuple, respond_shape_place(&respond_shape_channel, desc, CHANNEL_ID) + 1, desc, is_null);
}
