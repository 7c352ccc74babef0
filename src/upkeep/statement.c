/*-------------------------------------------------------------------------
 * statement.c
 *	  SQL of the clock: transactions of their own, one statement after the other.
 *
 * What the clock does is rare, so nothing is prepared.
 *
 * src/upkeep/statement.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "upkeep/statement.h"
#include "worker/worker.h"

void
respond_statement_begin(void)
{
	respond_worker_begin();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
respond_statement_commit(void)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
}

void
respond_statement_limit_lock_wait(int milliseconds)
{
	char		value[16];

	snprintf(value, sizeof(value), "%d", milliseconds);
	(void) set_config_option("lock_timeout", value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
							 true, 0, false);
}

uint64
respond_statement_run(const char *sql, int count, Oid *types, Datum *values)
{
	int			result;

	pgstat_report_activity(STATE_RUNNING, sql);
	result = SPI_execute_with_args(sql, count, types, values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "statement of the clock failed: %s: %s", SPI_result_code_string(result), sql);
	return SPI_processed;
}

uint64
respond_statement_format(const char *format,...)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (;;)
	{
		va_list		arguments;
		int			missing;

		va_start(arguments, format);
		missing = appendStringInfoVA(&sql, format, arguments);
		va_end(arguments);
		if (missing == 0)
			break;
		enlargeStringInfo(&sql, missing);
	}
	return respond_statement_run(sql.data, 0, NULL, NULL);
}
