/*-------------------------------------------------------------------------
 * column_refuse.c
 *	  What is wrong with a column of a source or a scheme, as an error.
 *
 * src/inbound/column_refuse.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "inbound/column_refuse.h"

void
respond_column_refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_SOURCE),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}
