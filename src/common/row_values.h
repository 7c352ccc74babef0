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

/* A column becomes NULL where there is no text or document, or where the number is 0. */
extern void respond_row_set_text(Datum *values, bool *nulls, int column, const char *text);
extern void respond_row_set_int64(Datum *values, bool *nulls, int column, int64 number);
extern void respond_row_set_jsonb(Datum *values, bool *nulls, int column, Jsonb *document);

#endif							/* RESPOND_ROW_VALUES_H */
