/*-------------------------------------------------------------------------
 * source_cache.h
 *	  The sources of this database, as the worker that answers requests keeps them.
 *
 * src/inbound/source_cache.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOURCE_CACHE_H
#define RESPOND_SOURCE_CACHE_H

#include "inbound/inbound_reject.h"
#include "inbound/source.h"

/* What is remembered of a source however often its row is read anew. */
typedef struct SourceState
{
	pg_uuid_t	id;				/* hash key; all zero: of requests that found no source */
	RateBucket	rate;
	RejectSample rejects;
	uint64		seen;			/* when sources were read last, and it was there */
} SourceState;

typedef struct CachedSource
{
	InboundSource *source;
	SourceState *state;
} CachedSource;

typedef struct SourceCache
{
	int			count;
	CachedSource *sources;		/* in the order of their paths */
	int			hidden_count;
	const char **hidden;		/* headers that signatures stand in */
	SourceState *nowhere;
} SourceCache;

/*
 * All of them, as they are in force; in a transaction with a snapshot.  What it
 * returns is good until the next call.
 */
extern const SourceCache *respond_source_cache(void);

/* Whether a message of a change has come since they were read. */
extern bool respond_source_cache_has_changed(void);

/* Whether a call would read them anew, as far as this process has heard. */
extern bool respond_source_cache_is_stale(void);

/* How often they were read. */
extern uint64 respond_source_cache_reads(void);

/* NULL: there is none. */
extern const CachedSource *respond_source_cache_find(const SourceCache *cache, const char *path);

#endif							/* RESPOND_SOURCE_CACHE_H */
