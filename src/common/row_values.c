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

void
respond_row_set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text != NULL)
		values[column] = CStringGetTextDatum(text);
}

void
respond_row_set_int64(Datum *values, bool *nulls, int column, int64 number)
{
	nulls[column] = number == 0;
	values[column] = Int64GetDatum(number);
}

void
respond_row_set_jsonb(Datum *values, bool *nulls, int column, Jsonb *document)
{
	nulls[column] = document == NULL;
	values[column] = JsonbPGetDatum(document);
}
