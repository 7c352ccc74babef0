/*-------------------------------------------------------------------------
 * row_values.c
 *	  Values of columns that may be NULL.
 *
 * src/common/row_values.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "common/row_values.h"

char *
respond_row_text(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? NULL : TextDatumGetCString(values[column]);
}

Jsonb *
respond_row_jsonb(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? NULL : DatumGetJsonbPCopy(values[column]);
}
