/*-------------------------------------------------------------------------
 * channel_row.h
 *	  A row of respond.channel with that of its kind, as it is read to be compiled.
 *
 * src/channel/channel_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_ROW_H
#define RESPOND_CHANNEL_ROW_H

#include "channel/channel.h"

/* Columns of CHANNEL_ROW_QUERY; those of the kind begin at the last one, and are NULL when it is gone. */
enum
{
	CHANNEL_ROW_ID, CHANNEL_ROW_NAME, CHANNEL_ROW_KIND, CHANNEL_ROW_URL, CHANNEL_ROW_OPTIONS, CHANNEL_ROW_MAX_ATTEMPTS,
	CHANNEL_ROW_DELAYS, CHANNEL_ROW_TIMEOUT, CHANNEL_ROW_RATE_LIMIT, CHANNEL_ROW_CONCURRENCY, CHANNEL_ROW_ORDERED,
	CHANNEL_ROW_ENABLED, CHANNEL_ROW_XMIN, CHANNEL_ROW_CTID, CHANNEL_ROW_KIND_XMIN, CHANNEL_ROW_KIND_CTID,
	CHANNEL_ROW_KIND_COLUMNS
};

/* $1: name of the channel */
#define CHANNEL_ROW_QUERY \
	"SELECT c.id, c.name, c.kind, c.url, c.options, c.max_attempts," \
	" (SELECT pg_catalog.array_agg(" \
	"    (pg_catalog.date_part('epoch', d.delay) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 ORDER BY d.place)" \
	"    FROM pg_catalog.unnest(c.retry_delays) WITH ORDINALITY AS d (delay, place))," \
	" (pg_catalog.date_part('epoch', c.timeout) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4," \
	" c.rate_limit, c.concurrency, c.ordered, c.enabled, c.xmin, c.ctid, k.xmin, k.ctid, " CHANNEL_KIND_COLUMNS \
	" FROM respond.channel AS c LEFT JOIN respond.channel_kind AS k ON k.id OPERATOR(pg_catalog.=) c.kind_id" \
	" WHERE c.name OPERATOR(pg_catalog.=) $1"

/* In the current memory context; kind NULL: it is gone.  Raises an error when the row cannot be used. */
extern Channel *respond_channel_compile(HeapTuple tuple, TupleDesc desc, const ChannelKind *kind);

#endif							/* RESPOND_CHANNEL_ROW_H */
