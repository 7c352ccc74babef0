/*-------------------------------------------------------------------------
 * version_wait.c
 *	  No worker works in a database whose extension is of another version than the library.
 *
 * After a new package was installed and the server restarted, each database
 * keeps its tables and functions until somebody updates the extension there.
 * Meanwhile events are recorded and wait.  ALTER EXTENSION ... UPDATE makes the
 * launcher start new workers (ddl_hooks.c); COMMIT PREPARED of one, which is
 * nobody's habit, is noticed by looking again.
 *
 * src/clock/version_wait.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"

#include "clock/version_wait.h"
#include "common/version.h"
#include "worker/worker.h"

#define LOOK_AGAIN_MS	10000

static void
say(const char *installed)
{
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("pg_respond: the workers of database \"%s\" wait, because library and extension differ",
					get_database_name(MyDatabaseId)),
			 errdetail("The server has library %s in memory, the database has extension %s.", RESPOND_VERSION, installed),
			 errhint("Run ALTER EXTENSION pg_respond UPDATE in that database; if the library is the older one, restart the server.")));
}

void
respond_version_wait(void)
{
	bool		fits = false;
	bool		said = false;

	while (!fits)
	{
		char	   *installed;

		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		installed = respond_version_installed();
		/* that it was dropped is noticed elsewhere */
		fits = installed == NULL || strcmp(installed, RESPOND_VERSION) == 0;
		if (!fits && !said)
			say(installed);
		said = true;
		CommitTransactionCommand();
		pgstat_report_activity(STATE_IDLE, NULL);
		if (!fits)
			respond_worker_wait(LOOK_AGAIN_MS);
	}
}
