/*-------------------------------------------------------------------------
 * owner_session.c
 *	  What the SQL of a rule finds and leaves in the session that it runs in.
 *
 * A dispatcher runs the SQL of many owners one after the other, and simulate()
 * runs it in the session of whoever asks.  Nothing that one of them has in the
 * session may be within reach of another.
 *
 * What a security-restricted operation, the level of settings and the
 * subtransaction of owner_guard.c do not take along is closed when the SQL
 * returns: cursors, descriptors of large objects, connections of dblink, the
 * memory of currval() and lastval(), the seed of random().
 *
 * What cannot be closed lives in C code outside of the server: in extensions
 * and untrusted languages.  Functions are looked at when the executor is about
 * to call them (once for each expression and statement, by a hook of the
 * server's).  Functions in SQL, PL/pgSQL and other trusted languages have
 * nothing between roles; C functions that are immutable or stable have no
 * memory; extensions named in pg_respond.rule_extensions are known to leave
 * nothing.  Any other function is for databases where all rules have one owner.
 * There it marks the process.  Should SQL of another owner come up later, the
 * process ends before it runs, its batch is done again by the next one, and from
 * then on such functions are refused in this database.
 *
 * In somebody's session there is no such way out: what was there before cannot
 * be put away.  So functions that reach cursors, prepared statements,
 * descriptors and locks of the session, or its query, are refused unless owner
 * and caller are the same role, and so are functions from outside of the server
 * while cursors are open.
 *
 * Requests from the network come from any role at any time, so for them such a
 * function is refused at once.
 *
 * Accepted: advisory locks of a transaction stay to its end, as everywhere.
 *
 * src/owner/owner_session.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "commands/sequence.h"
#include "libpq/be-fsstubs.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc_tables.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/portal.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "common/door.h"
#include "common/guc.h"
#include "common/kept_plan.h"
#include "common/pg_compat.h"
#include "common/shmem.h"
#include "owner/owner_session.h"
#include "worker/worker.h"

typedef enum FunctionReach
{
	REACH_NOTHING,
	REACH_SESSION,				/* of the server: cursors, descriptors, prepared statements, locks */
	REACH_SEED,
	REACH_DBLINK,
	REACH_UNKNOWN
} FunctionReach;

typedef struct JudgedFunction
{
	Oid			function;
	FunctionReach reach;
} JudgedFunction;

/* The innermost call; NULL outside of owners' SQL. */
static OwnerSession *current = NULL;

/* What is known of functions; made anew when any function changes. */
static HTAB *judged = NULL;

/* Whose SQL called a function that may have left something; of a worker. */
static Oid	marked_by = InvalidOid;

/* Where dblink's functions are, once one of them was called in this process: there may be connections. */
static Oid	dblink_schema = InvalidOid;

static KeptPlan find_other_owner = {
	"SELECT r.name FROM respond.rule AS r WHERE r.enabled AND (r.owner_id IS NULL OR r.owner_id OPERATOR(pg_catalog.<>)"
	" $1) UNION ALL SELECT s.name FROM respond.schedule AS s WHERE s.enabled AND s.query IS NOT NULL"
	" AND (s.owner_id IS NULL OR s.owner_id OPERATOR(pg_catalog.<>) $1) LIMIT 1",
	1, {OIDOID}
};

static KeptPlan list_cursors = {
	"SELECT c.name FROM pg_catalog.pg_cursor() AS c", 0, {0}
};

static bool
in_own_worker(void)
{
	return MyBgworkerEntry != NULL && strcmp(MyBgworkerEntry->bgw_library_name, "pg_respond") == 0;
}

/* Whether the SQL runs in the session of somebody else than its owner. */
static bool
is_guest(const OwnerSession *session)
{
	return OidIsValid(session->caller) && session->caller != session->owner;
}

/* --- functions ------------------------------------------------------------ */

static bool
begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static FunctionReach
judge_builtin(const char *name)
{
	static const char *const session[] = {
		"current_query", "cursor_to_xml", "lo_close", "lo_lseek", "lo_tell", "lo_truncate", "loread", "lowrite",
		"pg_advisory_unlock",
		"pg_cursor", "pg_listening_channels", "pg_prepared_statement", "lastval", "currval"
	};

	for (int i = 0; i < lengthof(session); i++)
		if (begins_with(name, session[i]))
			return REACH_SESSION;
	return strcmp(name, "setseed") == 0 ? REACH_SEED : REACH_NOTHING;
}

static bool
is_known_extension(const char *name)
{
	List	   *names = NIL;
	ListCell   *cell;
	char	   *text = pstrdup(respond_rule_extensions);
	bool		found = false;

	if (strcmp(name, "pg_respond") == 0)
		return true;
	if (!SplitIdentifierString(text, ',', &names))
		return false;
	foreach(cell, names)
		found |= strcmp(lfirst(cell), name) == 0;
	return found;
}

static FunctionReach
judge_c(Oid function, Form_pg_proc form)
{
	Oid			extension = getExtensionOfObject(ProcedureRelationId, function);
	char	   *name = OidIsValid(extension) ? get_extension_name(extension) : NULL;

	if (name != NULL && strcmp(name, "dblink") == 0)
		return REACH_DBLINK;
	if (form->provolatile != PROVOLATILE_VOLATILE || (name != NULL && is_known_extension(name)))
		return REACH_NOTHING;
	return REACH_UNKNOWN;
}

static FunctionReach
judge_language(Oid language)
{
	HeapTuple	tuple = SearchSysCache1(LANGOID, ObjectIdGetDatum(language));
	bool		trusted;

	if (!HeapTupleIsValid(tuple))
		return REACH_UNKNOWN;
	trusted = ((Form_pg_language) GETSTRUCT(tuple))->lanpltrusted;
	ReleaseSysCache(tuple);
	return trusted ? REACH_NOTHING : REACH_UNKNOWN;
}

static FunctionReach
judge(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	FunctionReach reach;

	if (!HeapTupleIsValid(tuple))
		return REACH_UNKNOWN;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (function < FirstUnpinnedObjectId)
		reach = judge_builtin(NameStr(form->proname));
	else if (form->prolang == SQLlanguageId)
		reach = REACH_NOTHING;
	else if (form->prolang == ClanguageId || form->prolang == INTERNALlanguageId)
		reach = judge_c(function, form);
	else
		reach = judge_language(form->prolang);
	ReleaseSysCache(tuple);
	return reach;
}

static void
forget_judged(Datum argument, int cache, uint32 hash)
{
	if (judged != NULL)
		hash_destroy(judged);
	judged = NULL;
}

static FunctionReach
reach_of(Oid function)
{
	static bool registered = false;
	JudgedFunction *entry;
	FunctionReach reach;
	bool		found;

	if (judged != NULL)
	{
		entry = hash_search(judged, &function, HASH_FIND, NULL);
		if (entry != NULL)
			return entry->reach;
	}
	reach = judge(function);
	if (!registered)
	{
		CacheRegisterSyscacheCallback(PROCOID, forget_judged, (Datum) 0);
		registered = true;
	}
	if (judged == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(JudgedFunction)};

		judged = hash_create("pg_respond functions of rules", 128, &control, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(judged, &function, HASH_ENTER, &found);
	entry->reach = reach;
	return reach;
}

/* --- refusals ------------------------------------------------------------- */

static void
refuse_guest(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("%s cannot be used by a rule of \"%s\" in a session of \"%s\"", what,
					GetUserNameFromId(current->owner, false), GetUserNameFromId(current->caller, false)),
			 errdetail("It would reach what that session holds.")));
}

static void
refuse_unknown(Oid function)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function %s cannot be called by a rule", format_procedure(function)),
			 errdetail("It may leave something in the session that rules of other owners could reach."),
			 errhint("Give all rules the same owner; or, if the functions of its extension leave nothing behind, add"
					 " the extension to \"%s\".",
					 "pg_respond.rule_extensions")));
}

static void
refuse_unknown_in_request(Oid function)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function %s cannot be called by a request", format_procedure(function)),
			 errdetail("It may leave something in the process, which serves other roles next."),
			 errhint("If the functions of its extension leave nothing behind, add the extension to \"%s\".",
					 "pg_respond.rule_extensions")));
}

/* A cursor that is being fetched from right now cannot be fetched from by anybody else. */
static bool
is_within_reach(const char *cursor)
{
	Portal		portal = GetPortalByName(cursor);

	return PortalIsValid(portal) && portal->status != PORTAL_ACTIVE;
}

static void
refuse_open_cursors(void)
{
	char	   *found = NULL;
	MemoryContext caller = CurrentMemoryContext;

	current->looked_for_cursors = true;
	current->is_paused = true;
	SPI_connect();
	respond_kept_plan_run(&list_cursors, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed && found == NULL; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		if (is_within_reach(name))
			found = MemoryContextStrdup(caller, name);
	}
	SPI_finish();
	current->is_paused = false;
	if (found == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("SQL of a rule of \"%s\" cannot run in this session while cursor \"%s\" is open",
					GetUserNameFromId(current->owner, false), found),
			 errdetail("It could read the cursor."),
			 errhint("Close it, or call this in another session.")));
}

static DatabaseSlot *
my_database(void)
{
	return respond_shmem_find_database(MyDatabaseId);
}

/* Whether rules of other roles have SQL here, or had since the server started. */
static bool
are_owners_mixed(Oid owner)
{
	DatabaseSlot *database = my_database();
	Datum		value = ObjectIdGetDatum(owner);
	uint64		found;

	if (database != NULL && pg_atomic_read_u32(&database->owners_mixed) != 0)
		return true;
	SPI_connect();
	found = respond_kept_plan_run_as_owner(&find_other_owner, &value, NULL);
	SPI_finish();
	return found > 0;
}

static void
meet_unknown(Oid function)
{
	if (current->is_request)
		refuse_unknown_in_request(function);
	if (OidIsValid(current->caller))
	{
		if (is_guest(current))
			refuse_unknown(function);
		return;
	}
	if (marked_by == current->owner)
		return;
	if (are_owners_mixed(current->owner))
		refuse_unknown(function);
	marked_by = current->owner;
}

void
respond_owner_session_function(Oid function)
{
	if (current == NULL || current->is_paused)
		return;
	/* a function in PL/pgSQL can read any cursor whose name it knows */
	if (function >= FirstUnpinnedObjectId && is_guest(current) && !current->looked_for_cursors)
		refuse_open_cursors();
	switch (reach_of(function))
	{
		case REACH_NOTHING:
			break;
		case REACH_SESSION:
			if (is_guest(current))
				refuse_guest(psprintf("function %s", format_procedure(function)));
			break;
		case REACH_SEED:
			current->reseeds = true;
			break;
		case REACH_DBLINK:
			if (is_guest(current))
				refuse_guest(psprintf("function %s", format_procedure(function)));
			dblink_schema = get_func_namespace(function);
			break;
		case REACH_UNKNOWN:
			meet_unknown(function);
			break;
	}
}

static bool
runs_prepared(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_FetchStmt:
		case T_ClosePortalStmt:
		case T_DiscardStmt:
			return true;
		case T_CreateTableAsStmt:
			statement = ((CreateTableAsStmt *) statement)->query;
			break;
		case T_ExplainStmt:
			statement = ((ExplainStmt *) statement)->query;
			break;
		default:
			return false;
	}
	return statement != NULL && IsA(statement, Query) && ((Query *) statement)->utilityStmt != NULL &&
		IsA(((Query *) statement)->utilityStmt, ExecuteStmt);
}

void
respond_owner_session_utility(Node *statement)
{
	if (current != NULL && is_guest(current) && runs_prepared(statement))
		refuse_guest(CreateCommandName(statement));
}

/* --- around a call -------------------------------------------------------- */

void
respond_owner_session_begin(OwnerSession *session, Oid owner, bool closes_all, bool is_request)
{
	memset(session, 0, sizeof(OwnerSession));
	session->owner = owner;
	session->is_request = is_request;
	session->caller = in_own_worker() ? InvalidOid : GetUserId();
	session->outer = current;

	if (closes_all && OidIsValid(marked_by) && marked_by != owner && respond_worker_slot != NULL)
	{
		DatabaseSlot *database = my_database();

		if (database != NULL)
			pg_atomic_write_u32(&database->owners_mixed, 1);
		ereport(LOG,
				(errmsg("pg_respond: a worker is replaced before it runs SQL of role \"%s\"",
						GetUserNameFromId(owner, true)),
				 errdetail("SQL of role \"%s\" called a function that may have left something in the session. Such"
						   " functions are refused from now on, because the rules have several owners.",
						   GetUserNameFromId(marked_by, true))));
		respond_worker_make_way();
	}
	current = session;
}

void
respond_owner_session_close_files(void)
{
	/* for the server this is what a rollback does; what was written through them stays */
	AtEOSubXact_LargeObject(false, GetCurrentSubTransactionId(), GetCurrentSubTransactionId() - 1);
}

void
respond_owner_session_hide_settings(const OwnerSession *session)
{
	struct config_generic **variables;
	int			count;
	List	   *names = NIL;
	ListCell   *cell;

	if (!is_guest(session))
		return;
	variables = respond_guc_variables(&count);
	for (int i = 0; i < count; i++)
		if (variables[i]->flags & GUC_CUSTOM_PLACEHOLDER)
			names = lappend(names, pstrdup(variables[i]->name));
	foreach(cell, names)
		(void) set_config_option(lfirst(cell), "", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static void
run_closing(const char *sql)
{
	Door		door;

	respond_door_enter(&door, DOOR_AS_CALLER);
	SPI_connect();
	SPI_execute(sql, false, 0);
	SPI_finish();
	respond_door_leave(&door);
}

/* Not having one is an error too. */
static void
close_connection(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		run_closing(sql);
		ReleaseCurrentSubTransaction();
		RESUME_INTERRUPTS();
	}
	PG_CATCH();
	{
		/* the error let interrupts through again */
		MemoryContextSwitchTo(context);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

static void
close_connections(void)
{
	char	   *name = get_namespace_name(dblink_schema);
	const char *schema;

	if (name == NULL)
		return;
	schema = quote_identifier(name);
	close_connection(psprintf("SELECT %s.dblink_disconnect(c) FROM pg_catalog.unnest(%s.dblink_get_connections()) AS c",
							  schema, schema));
	close_connection(psprintf("SELECT %s.dblink_disconnect()", schema));
}

static void
reseed(void)
{
	uint32		random = 0;

	(void) pg_strong_random(&random, sizeof(random));
	(void) DirectFunctionCall1(setseed, Float8GetDatum((double) random / PG_UINT32_MAX));
}

void
respond_owner_session_end(OwnerSession *session, bool closes_all)
{
	current = session->outer;
	if (session->reseeds)
		reseed();
	if (!closes_all || OidIsValid(session->caller) || current != NULL)
		return;
	PortalHashTableDeleteAll();
	ResetSequenceCaches();
	if (OidIsValid(dblink_schema))
		close_connections();
}
