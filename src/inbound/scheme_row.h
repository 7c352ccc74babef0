/*-------------------------------------------------------------------------
 * scheme_row.h
 *	  Rows of respond.inbound_scheme.
 *
 * src/inbound/scheme_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEME_ROW_H
#define RESPOND_SCHEME_ROW_H

#include "common/shape.h"
#include "inbound/challenge.h"
#include "inbound/scheme.h"
#include "secret/secret_place.h"

/* Columns of respond.inbound_scheme in order. */
enum
{
	SCHEME_NAME, SCHEME_DESCRIPTION, SCHEME_ALGORITHM, SCHEME_HEADER, SCHEME_SIGNATURE_PATH, SCHEME_PREFIX,
	SCHEME_PUBLIC_PREFIX, SCHEME_SEPARATOR, SCHEME_PAIRS, SCHEME_ENCODING, SCHEME_SECRET_FORM, SCHEME_SIGNED,
	SCHEME_TIMESTAMP_HEADER, SCHEME_TIMESTAMP_PATH, SCHEME_MILLISECONDS, SCHEME_TOLERANCE, SCHEME_ID_PATH,
	SCHEME_TYPE_PATH, SCHEME_EVENT_TYPE, SCHEME_SUBJECT, SCHEME_KEY, SCHEME_SPLIT, SCHEME_CHALLENGE, SCHEME_ANSWER,
	SCHEME_BUILT_IN,
	SCHEME_COLUMNS
};

/* The same of inbound_scheme k, for queries. */
#define SCHEME_ROW_COLUMNS \
	"k.name, k.description, k.algorithm, k.header, k.signature_path, k.prefix, k.public_prefix, k.separator," \
	" k.pairs, k.encoding, k.secret_form, k.signed, k.timestamp_header, k.timestamp_path, k.milliseconds," \
	" k.tolerance, k.id_path, k.type_path, k.event_type, k.subject, k.key, k.split, k.challenge, k.answer," \
	" k.built_in"

extern const Shape respond_shape_inbound_scheme;

/* A row, read. */
typedef struct SchemeRow
{
	InboundScheme scheme;
	const char *name;
	const char *type_place;
	ChallengeKind challenge;
	bool		answers_as_pagerduty;	/* requests come in as to its Events API v2, and are answered so */

	/* templates, of sources that have none of their own; NULL: see source.h */
	const char *event_type;
	const char *subject;
	const char *key;
	const char *split;

	uint8		definition[SECRET_DIGEST_SIZE]; /* of all that says what is done with secrets */
} SchemeRow;

/*
 * Why a list of events cannot stand there, as the rest of a sentence; NULL: it can,
 * the path is "data", or begins with "data.".
 */
extern const char *respond_scheme_split_fault(const char *path);

/*
 * Reads a row into the current memory context.  Raises
 * ERRCODE_RESPOND_INVALID_SOURCE, with the column, when no request could be read by it.
 */
extern void respond_scheme_row_read(const Datum *values, const bool *nulls, SchemeRow *row);

#endif							/* RESPOND_SCHEME_ROW_H */
