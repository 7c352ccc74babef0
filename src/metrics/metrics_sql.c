/*-------------------------------------------------------------------------
 * metrics_sql.c
 *	  The metrics of this database for those who ask by SQL.
 *
 * src/metrics/metrics_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/arena_server.h"
#include "common/recode.h"
#include "metrics/metrics.h"

PG_FUNCTION_INFO_V1(respond_metrics);

/* metrics() → text: those of this database, in the format of OpenMetrics. */
Datum
respond_metrics(PG_FUNCTION_ARGS)
{
	JsonText	text = respond_metrics_write(respond_arena_create_in(CurrentMemoryContext), MyDatabaseId, true);

	if (respond_recodes())
		PG_RETURN_TEXT_P(cstring_to_text(respond_from_encoding(text.bytes, text.length, PG_UTF8)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.bytes, text.length));
}
