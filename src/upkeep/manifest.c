/*-------------------------------------------------------------------------
 * manifest.c
 *	  Duty of the clock: nothing foreign hangs on the tables of pg_respond.
 *
 * A trigger, a rule or a default that a superuser put on one of our tables runs
 * with the rights of the workers, who own all tables and could be made to do
 * anything with them.  So the workers wait from the moment at which such a
 * thing may have been made (upkeep/manifest_watch.c) until the clock has
 * looked, and as long as it is there.  What is merely not as it was installed
 * is told of in the log and by health(), and work goes on.
 *
 * Both are SQL (83_manifest.sql), and are done when the clock starts and when a
 * relation of ours or a function has changed, as far as invalidations tell.
 *
 * Whether there is foreign code is a question for catalogs alone.  So whoever has one of
 * our tables locked does not hold up the workers, who may need nothing of that
 * table, and does not hide foreign code on another one.  Should a lock on the
 * manifest itself, or a full disk, be in the way, workers that wait go on waiting.
 * When the question cannot be put (a library that is newer than the extension,
 * for example) they do not wait for it.  To compare everything takes some
 * 100 ms and writes definitions out, which waits for locks; no worker but the clock
 * waits for that.
 *
 * src/upkeep/manifest.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/error_class.h"
#include "common/relation_change.h"
#include "common/shmem.h"
#include "upkeep/manifest.h"
#include "upkeep/manifest_watch.h"
#include "upkeep/statement.h"

#define INTERVAL_US			(60 * USECS_PER_SEC)
#define FOREIGN_INTERVAL_US	(10 * USECS_PER_SEC)

/* Since somebody last asked: whether code is foreign, what is not as it was installed. */
static bool has_code_news = true;
static bool has_news = true;

/* Relations of ours, as of the last look; 0 of them: none was taken yet. */
static Oid *relations = NULL;
static int	relation_count = 0;

/* What was said last, so that it is said once. */
static char *said = NULL;

static void
relation_changed(Datum argument, Oid relation)
{
	bool		is_ours = relation == InvalidOid;

	for (int i = 0; i < relation_count && !is_ours; i++)
		is_ours = relations[i] == relation;
	has_code_news |= is_ours;
	has_news |= is_ours;
}

static void
function_changed(Datum argument, int cache, uint32 hash)
{
	has_code_news = has_news = true;
}

static void
listen_for_changes(void)
{
	static bool registered = false;

	if (!registered)
	{
		respond_relation_on_change(relation_changed);
		CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
		registered = true;
	}
	AcceptInvalidationMessages();
}

static void
note_relations(void)
{
	uint64		count = respond_statement_run("SELECT r.oid FROM respond_internal.manifest_relation() AS r", 0, NULL,
											  NULL);
	bool		is_null;

	if (relations != NULL)
		pfree(relations);
	relations = MemoryContextAlloc(TopMemoryContext, sizeof(Oid) * Max(count, 1));
	relation_count = (int) count;
	for (int i = 0; i < relation_count; i++)
		relations[i] = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
}

static void
say(const char *faults, const char *remedies, bool waits)
{
	if (said != NULL && strcmp(said, faults) == 0)
		return;
	if (said != NULL)
		pfree(said);
	said = MemoryContextStrdup(TopMemoryContext, faults);
	if (faults[0] == '\0')
		ereport(LOG, (errmsg("pg_respond: its objects match what was installed again")));
	else
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 waits ? errmsg("pg_respond: the workers of this database wait, because foreign code would run with"
								" their privileges") :
				 errmsg("pg_respond: its objects differ from what was installed"),
				 errdetail("%s", faults),
				 errhint("Run as a superuser: %s", remedies)));
}

/* Returns whether foreign code would run as the workers. */
static bool
compare(void)
{
	uint64		count = respond_statement_run("SELECT f.object, f.fault, f.remedy, f.runs_code FROM"
											  " respond_internal.manifest_fault() AS f"
											  " ORDER BY f.runs_code DESC, f.object LIMIT 10", 0, NULL, NULL);
	StringInfoData faults;
	StringInfoData remedies;
	bool		waits = false;

	initStringInfo(&faults);
	initStringInfo(&remedies);
	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		bool		is_null;

		appendStringInfo(&faults, "%s%s %s", i > 0 ? "; " : "", SPI_getvalue(row, columns, 1),
						 SPI_getvalue(row, columns, 2));
		appendStringInfo(&remedies, "%s%s", i > 0 ? "; " : "", SPI_getvalue(row, columns, 3));
		waits |= DatumGetBool(SPI_getbinval(row, columns, 4, &is_null));
	}
	if (count > 0 || said != NULL)
		say(faults.data, remedies.data, waits);
	return waits;
}

bool
respond_manifest_is_wanted(void)
{
	return respond_manifest_state() == MANIFEST_UNCHECKED;
}

static bool
is_foreign(void)
{
	bool		is_null;

	(void) respond_statement_run("SELECT respond_internal.is_foreign()", 0, NULL, NULL);
	return DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

TimestampTz
respond_manifest_look(TimestampTz now)
{
	bool		waits = false;

	listen_for_changes();
	if (!has_code_news && respond_manifest_state() == MANIFEST_CLEAN)
		return now + INTERVAL_US;

	has_code_news = false;
	/* what is changed from here on is looked at once more */
	respond_manifest_begin();
	PG_TRY();
	{
		respond_statement_begin();
		note_relations();
		waits = is_foreign();
		respond_statement_commit();
	}
	PG_CATCH();
	{
		has_code_news = true;
		if (respond_error_is_transient(geterrcode()))
			respond_manifest_postpone();
		else
			respond_manifest_end(MANIFEST_CLEAN);
		PG_RE_THROW();
	}
	PG_END_TRY();
	respond_manifest_end(waits ? MANIFEST_FOREIGN : MANIFEST_CLEAN);
	return now + (waits ? FOREIGN_INTERVAL_US : INTERVAL_US);
}

TimestampTz
respond_manifest_check(TimestampTz now)
{
	bool		waits = false;

	listen_for_changes();
	if (!has_news && respond_manifest_state() == MANIFEST_CLEAN)
		return now + INTERVAL_US;

	has_news = false;
	PG_TRY();
	{
		respond_statement_begin();
		waits = compare();
		respond_statement_commit();
	}
	PG_CATCH();
	{
		has_news = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	return now + (waits ? FOREIGN_INTERVAL_US : INTERVAL_US);
}
