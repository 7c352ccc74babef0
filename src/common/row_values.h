/*-------------------------------------------------------------------------
 * row_values.h
 *	  Values of columns that may be NULL.
 *
 * src/common/row_values.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROW_VALUES_H
#define RESPOND_ROW_VALUES_H

#include "utils/jsonb.h"

/* Copied into the current memory context; NULL where the column is. */
extern char *respond_row_text(const Datum *values, const bool *nulls, int column);
extern Jsonb *respond_row_jsonb(const Datum *values, const bool *nulls, int column);

#endif							/* RESPOND_ROW_VALUES_H */
