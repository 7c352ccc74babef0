/*-------------------------------------------------------------------------
 * state.c
 *	  The row of respond_internal.state: whether the workers of the database hold.
 *
 * The table is the truth; shared memory has a copy that workers can look at
 * before each batch.  hold() and release() change the copy when they commit.
 * The clock makes it when it starts.  It locks the table against them while it
 * reads, so that neither overwrites what the other has just set: their locks
 * go only after the copy was changed.
 *
 * A database that was copied file by file into another cluster carries the
 * identifier of the old one; its transaction ids mean nothing here, so the
 * cursor must be rebased before the workers go on.  A copy within the cluster
 * (CREATE DATABASE ... TEMPLATE) holds, too, when there is anything in it that
 * the original may still act on; a template that is made for new databases is
 * empty, and they work at once.
 *
 * src/clock/state.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "clock/state.h"
#include "clock/statement.h"
#include "launcher/worker.h"

static const char *const lock_state =
"LOCK TABLE respond_internal.state IN SHARE ROW EXCLUSIVE MODE";

static const char *const hold_stranger =
"UPDATE respond_internal.state SET hold = 'restore', hold_since = pg_catalog.now(), system_identifier = $1, database = $2 "
"WHERE system_identifier OPERATOR(pg_catalog.<>) $1 OR (database OPERATOR(pg_catalog.<>) $2 AND"
" (EXISTS (SELECT FROM respond.event) OR EXISTS (SELECT FROM respond.delivery WHERE status OPERATOR(pg_catalog.=) 'pending')))";

static const char *const adopt =
"UPDATE respond_internal.state SET database = $1 WHERE database OPERATOR(pg_catalog.<>) $1";

static const char *const read_hold =
"SELECT FROM respond_internal.state WHERE hold IS NOT NULL";

void
respond_state_publish(void)
{
	Datum		values[] = {Int64GetDatum((int64) GetSystemIdentifier()), ObjectIdGetDatum(MyDatabaseId)};
	bool		hold;

	respond_statement_begin();
	respond_statement_run(lock_state, 0, NULL, NULL);
	if (respond_statement_run(hold_stranger, 2, (Oid[]) {INT8OID, OIDOID}, values) > 0)
		ereport(LOG,
				(errmsg("pg_respond holds in this database because it was copied from elsewhere"),
				 errhint("Check respond.health(), then call respond.release().")));
	respond_statement_run(adopt, 1, (Oid[]) {OIDOID}, &values[1]);
	hold = respond_statement_run(read_hold, 0, NULL, NULL) > 0;
	respond_worker_set_hold(MyDatabaseId, hold);
	respond_statement_commit();
}
