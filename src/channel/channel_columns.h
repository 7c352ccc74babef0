/*-------------------------------------------------------------------------
 * channel_columns.h
 *	  Columns of respond.channel, as our code numbers them.
 *
 * src/channel/channel_columns.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_COLUMNS_H
#define RESPOND_CHANNEL_COLUMNS_H

#include "access/htup.h"
#include "access/tupdesc.h"

#include "common/shape.h"

enum
{
	CHANNEL_NAME, CHANNEL_KIND, CHANNEL_URL, CHANNEL_OPTIONS, CHANNEL_SECRET, CHANNEL_ATTEMPTS, CHANNEL_DELAYS,
	CHANNEL_TIMEOUT, CHANNEL_RATE, CHANNEL_CONCURRENCY, CHANNEL_ORDERED, CHANNEL_ENABLED, CHANNEL_REASON,
	CHANNEL_DESCRIPTION, CHANNEL_CREATED_AT, CHANNEL_UPDATED_AT, CHANNEL_ID, CHANNEL_KIND_ID, CHANNEL_COLUMNS
};

extern const Shape respond_shape_channel;

/* Of a row. */
extern Datum respond_channel_columns_name(HeapTuple tuple, TupleDesc desc, bool *is_null);
extern Datum respond_channel_columns_id(HeapTuple tuple, TupleDesc desc, bool *is_null);

#endif							/* RESPOND_CHANNEL_COLUMNS_H */
