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
 * identifier of the old one, and a copy within the cluster (CREATE DATABASE ...
 * TEMPLATE) the oid of the old database.  Such a copy holds when there is
 * anything in it that the original may still act on; a template that is made
 * for new databases is empty, and they work at once.  Either way the row gets
 * the incarnation that all sessions have derived already (common/life.c).
 *
 * A copy of a whole cluster has a mark (launcher/copy.c) that the row does not
 * have yet.  Its original may go on, so it holds whatever is in it.
 *
 * src/upkeep/state.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/life.h"
#include "common/shmem.h"
#include "upkeep/state.h"
#include "upkeep/statement.h"
#include "worker/worker.h"

#define LOCK_WAIT_MS		200
#define FOLLOW_INTERVAL_US	(30 * USECS_PER_SEC)

static const char *const lock_state =
"LOCK TABLE respond_internal.state IN SHARE ROW EXCLUSIVE MODE";

static const char *const hold_stranger =
"UPDATE respond_internal.state SET hold = 'restore', hold_since = pg_catalog.now(), system_identifier = $1, database ="
" $2, incarnation = $3, copy = $4 "
"WHERE system_identifier OPERATOR(pg_catalog.<>) $1 OR (database OPERATOR(pg_catalog.<>) $2 AND"
" (EXISTS (SELECT FROM respond.event) OR EXISTS (SELECT FROM respond.delivery WHERE status OPERATOR(pg_catalog.=)"
" 'pending')))";

static const char *const adopt =
"UPDATE respond_internal.state SET database = $2, incarnation = $3, copy = $4 WHERE database OPERATOR(pg_catalog.<>)"
" $2";

static const char *const hold_copy =
"UPDATE respond_internal.state SET hold = 'copied', hold_since = pg_catalog.now(), copy = $4 "
"WHERE system_identifier OPERATOR(pg_catalog.=) $1 AND database OPERATOR(pg_catalog.=) $2 AND copy"
" OPERATOR(pg_catalog.<>) $4";

/* The statements have the same parameters. */
static uint64
run(const char *sql)
{
	Datum		values[] = {
		Int64GetDatum((int64) GetSystemIdentifier()), ObjectIdGetDatum(MyDatabaseId),
		Int64GetDatum(respond_life_incarnation()), Int64GetDatum(respond_shared->copy_mark)
	};

	return respond_statement_run(sql, lengthof(values), (Oid[]) {INT8OID, OIDOID, INT8OID, INT8OID}, values);
}

static void
publish(int lock_wait)
{
	respond_statement_begin();
	if (lock_wait > 0)
		respond_statement_limit_lock_wait(lock_wait);
	respond_statement_run(lock_state, 0, NULL, NULL);
	if (run(hold_stranger) > 0)
		ereport(LOG,
				(errmsg("pg_respond is paused in this database because it was copied from elsewhere"),
				 errhint("Check respond.health(), then call respond.release().")));
	run(adopt);
	if (respond_shared->copy_mark != 0 && run(hold_copy) > 0)
		ereport(LOG,
				(errmsg("pg_respond is paused in this database because the cluster is a copy of another one"),
				 errhint("Check respond.health(), then call respond.release().")));
	respond_worker_set_hold(MyDatabaseId, respond_life_is_held());
	respond_statement_commit();
}

void
respond_state_publish(void)
{
	publish(0);
}

static const char *const find_foreign =
"SELECT WHERE respond_internal.has_foreign_rows()";

TimestampTz
respond_state_follow(TimestampTz now)
{
	bool		held;

	respond_statement_begin();
	held = respond_life_is_held();
	if (!held && respond_statement_run(find_foreign, 0, NULL, NULL) > 0)
	{
		ereport(LOG,
				(errmsg("pg_respond is paused in this database because it holds events from elsewhere"),
				 errhint("Check respond.health(), then call respond.release().")));
		respond_life_note_foreign();
		held = true;
	}
	respond_statement_commit();
	if (held != (pg_atomic_read_u32(&respond_shmem_find_database(MyDatabaseId)->hold) != 0))
		publish(LOCK_WAIT_MS);
	return now + FOLLOW_INTERVAL_US;
}
