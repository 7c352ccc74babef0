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

/* Columns of respond.inbound_scheme in order. */
enum
{
	SCHEME_NAME, SCHEME_DESCRIPTION, SCHEME_ALGORITHM, SCHEME_HEADER, SCHEME_SIGNATURE_PATH, SCHEME_PREFIX,
	SCHEME_PUBLIC_PREFIX, SCHEME_SEPARATOR, SCHEME_PAIRS, SCHEME_ENCODING, SCHEME_SECRET_FORM, SCHEME_SIGNED,
	SCHEME_TIMESTAMP_HEADER, SCHEME_TIMESTAMP_PATH, SCHEME_MILLISECONDS, SCHEME_TOLERANCE, SCHEME_ID_PATH,
	SCHEME_TYPE_PATH, SCHEME_CHALLENGE, SCHEME_BUILT_IN,
	SCHEME_COLUMNS
};

extern const Shape respond_shape_inbound_scheme;

/* A row, read. */
typedef struct SchemeRow
{
	InboundScheme scheme;
	const char *type_place;
	ChallengeKind challenge;
} SchemeRow;

/*
 * Reads a row into the current memory context.  Raises
 * ERRCODE_RESPOND_INVALID_SOURCE, with the column, when no request could be read by it.
 */
extern void respond_scheme_row_read(const Datum *values, const bool *nulls, SchemeRow *row);

#endif							/* RESPOND_SCHEME_ROW_H */
