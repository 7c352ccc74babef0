/*-------------------------------------------------------------------------
 * source.h
 *	  Inbound sources: who may send requests, and what events these become.
 *
 * src/inbound/source.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_SOURCE_H
#define RESPOND_INBOUND_SOURCE_H

#include "common/shape.h"
#include "inbound/network_list.h"
#include "inbound/scheme_row.h"
#include "template/json_template_jsonb.h"

/* Bounds of what a source may ask for. */
#define SOURCE_LONGEST_NAME		200
#define SOURCE_LONGEST_PATH		200
#define SOURCE_LARGEST_BODY		(16 * 1024 * 1024)
#define SOURCE_MOST_NETWORKS	1000
#define SOURCE_MAX_RATE			1000000.0

/* The first part of paths that are no source's. */
#define SOURCE_CALLBACK_PATH	"callback"

/* Columns of respond.inbound_source in order. */
enum
{
	SOURCE_NAME, SOURCE_PATH, SOURCE_SCHEME, SOURCE_SECRET, SOURCE_SECRETS, SOURCE_EVENT_TYPE, SOURCE_SUBJECT,
	SOURCE_KEY, SOURCE_DATA, SOURCE_SPLIT, SOURCE_DEDUP, SOURCE_NETWORKS, SOURCE_RATE, SOURCE_MAX_BODY,
	SOURCE_ENABLED, SOURCE_DESCRIPTION, SOURCE_CREATED_AT, SOURCE_UPDATED_AT, SOURCE_ID,
	SOURCE_COLUMNS
};

extern const Shape respond_shape_inbound_source;

/* A row, read; what it points to is in the memory context that it was read in. */
typedef struct InboundSource
{
	pg_uuid_t	id;
	const char *name;
	const char *path;			/* behind "/in/" */
	SchemeRow	scheme;

	/* Of the row, else of its scheme. */
	const Template *event_type; /* NULL: what the scheme says of the type */
	const Template *subject;	/* NULL: none */
	const Template *key;		/* NULL: the id of the request */
	const char *split;			/* NULL: a request is one event */
	bool		own_event_type; /* of the row */
	bool		own_subject;
	bool		own_key;

	const JsonTemplate *data;	/* NULL: what was sent */
	bool		uses_headers;	/* one of the templates does */
	bool		dedup_by_body;
	Network    *networks;
	int			network_count;	/* 0: from anywhere */
	double		rate_limit;		/* requests in a second; 0: no limit */
	size_t		max_body;
	bool		enabled;

	/* Filled in by respond_source_open(). */
	SignatureKey *keys;
	int			key_count;
	const char *fault;			/* why its secrets cannot be used, as the rest of a sentence; NULL: they can */
} InboundSource;

/*
 * Reads a row and that of its scheme into the current memory context.  Raises
 * ERRCODE_RESPOND_INVALID_SOURCE, with the column, when no request could be taken
 * by it.
 */
extern void respond_source_read(const Datum *values, const bool *nulls, const SchemeRow *scheme,
								InboundSource *source);

/* The path without a slash before it; raises when it cannot be one. */
extern const char *respond_source_path(const char *path);

/* What of a row is bound to its scheme, and where its secrets are kept. */
extern SecretPlace respond_source_place(const InboundSource *source);

/*
 * Makes the secret the key of requests, in the current memory context.  Returns
 * NULL, or why it is none, as the rest of a sentence that shows nothing of it.
 */
extern const char *respond_source_key(const SchemeRow *scheme, const char *secret, SignatureKey *key);

/* Reads the keys of a source; what is in the way stands in its fault.  Runs SQL as the tables' owner. */
extern void respond_source_open(InboundSource *source);

/* Overwrites the keys. */
extern void respond_source_close(InboundSource *source);

/*
 * The source of that name as its row is now, this transaction's changes too, opened
 * and palloc'd; NULL when there is none.  With the rights of the tables' owner.
 */
extern InboundSource *respond_source_find(const char *name);

/* All of them, in the same way; *count: how many.  Those that cannot be used are left out, with a line in the log. */
extern InboundSource **respond_source_find_all(int *count);

/*
 * The scheme of that name, locked so that it can neither change nor go before the transaction
 * ends; false when there is none.
 */
extern bool respond_source_lock_scheme(const char *name, SchemeRow *row);

/* Whether nobody may see what stands in the header: it may let in whoever knows it. */
extern bool respond_source_hides_header(const char *name);

#endif							/* RESPOND_INBOUND_SOURCE_H */
