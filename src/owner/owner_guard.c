/*-------------------------------------------------------------------------
 * owner_guard.c
 *	  Calls a function with the rights of a rule's owner and none of ours.
 *
 * SECURITY_RESTRICTED_OPERATION keeps the SQL from getting our rights back:
 * no SET ROLE, no temporary tables, no prepared statements or cursors that
 * outlive it, no triggers deferred to a time when we are ourselves again.
 * What it does not stop is dealt with here:
 *
 *	- settings: a level of their own, always rolled back;
 *	- advisory locks of the session: released, or the worker would keep them;
 *	- time: statement_timeout works only for clients, so a timer of our own
 *	  cancels the SQL.  SQL that catches the cancel is cancelled again after
 *	  the same time; at the third time the process is ended, because nothing
 *	  else will get the worker back.
 *
 *	- messages: notices and the like of SQL that may read more than whoever calls
 *	  simulate() go to the server log alone, whatever their level;
 *
 * Constraints that could be deferred are checked at once: the server refuses to
 * defer them in such an operation, and SET CONSTRAINTS of one rule would last
 * until the end of the batch and hit others.
 *
 * src/owner/owner_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "common/door.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/memory_limit.h"
#include "common/private_value.h"
#include "owner/owner_guard.h"
#include "owner/owner_session.h"

/* How often SQL may catch its own cancel. */
#define EXPIRATIONS_TO_DIE 3

/* See patience(). */
#define LEAST_PATIENCE_MS	1000
#define PATIENCE_SHARE		5

/* MAX_TIMEOUTS is beyond what can be registered. */
static TimeoutId timer = MAX_TIMEOUTS;

/* Written by the signal handler. */
static volatile sig_atomic_t expirations = 0;

/* Calls within calls; the outermost one's timer counts for all. */
static int	depth = 0;

static bool undo_everything = false;

/* An advisory lock that this session held before the call. */
typedef struct HeldLock
{
	LOCKTAG		tag;
	LOCKMASK	modes;
} HeldLock;

static void
timer_expired(void)
{
	expirations++;
	if (expirations >= EXPIRATIONS_TO_DIE)
		ProcDiePending = true;
	else
		QueryCancelPending = true;
	InterruptPending = true;
}

static void
start_timer(int milliseconds)
{
	if (depth++ > 0)
		return;
	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, timer_expired);
	expirations = 0;
	enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds),
						 milliseconds);
}

/* Returns whether the time was up. */
static bool
stop_timer(void)
{
	if (--depth > 0)
		return false;
	disable_timeout(timer, false);
	if (expirations == 0)
		return false;
	/* A cancel of ours that came too late must not hit what follows. */
	QueryCancelPending = false;
	return true;
}

static bool
in_own_worker(void)
{
	return MyBgworkerEntry != NULL && strcmp(MyBgworkerEntry->bgw_library_name, "pg_respond") == 0;
}

/* The advisory locks this session holds, as a list of HeldLock. */
static List *
list_advisory_locks(void)
{
	LockData   *locks = GetLockStatusData();
	List	   *held = NIL;

	for (int i = 0; i < locks->nelements; i++)
	{
		LockInstanceData *lock = &locks->locks[i];
		HeldLock   *entry;

		if (lock->pid != MyProcPid || lock->holdMask == 0 ||
			lock->locktag.locktag_lockmethodid != USER_LOCKMETHOD)
			continue;
		entry = palloc(sizeof(HeldLock));
		entry->tag = lock->locktag;
		entry->modes = lock->holdMask;
		held = lappend(held, entry);
	}
	return held;
}

static LOCKMASK
modes_held(List *held, const LOCKTAG *tag)
{
	ListCell   *cell;

	foreach(cell, held)
	{
		HeldLock   *lock = lfirst(cell);

		if (memcmp(&lock->tag, tag, sizeof(LOCKTAG)) == 0)
			return lock->modes;
	}
	return 0;
}

/*
 * Releases the session's advisory locks that the call left behind.  A worker
 * of ours takes none itself; a client may have some of its own.
 */
static void
release_advisory_locks(List *before)
{
	ListCell   *cell;

	if (in_own_worker())
	{
		LockReleaseSession(USER_LOCKMETHOD);
		return;
	}
	foreach(cell, list_advisory_locks())
	{
		HeldLock   *lock = lfirst(cell);
		LOCKMASK	left = lock->modes & ~modes_held(before, &lock->tag);

		for (LOCKMODE mode = 1; mode <= MaxLockMode; mode++)
			if (left & LOCKBIT_ON(mode))
				LockRelease(&lock->tag, mode, true);
	}
}

/*
 * In a client's transaction checks of the client's own may wait; these must not
 * run as the owner.
 */
static void
defer_nothing(void)
{
	ConstraintsSetStmt statement = {.type = T_ConstraintsSetStmt,.constraints = NIL,.deferred = false};

	if (in_own_worker())
		AfterTriggerSetState(&statement);
}

static void
call_as_owner(const OwnerCall *call, const OwnerSession *session)
{
	Oid			user;
	int			security;
	int			guc_level;
	bool		pushed = false;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(call->owner, security | SECURITY_LOCAL_USERID_CHANGE |
						   (call->own_code ? 0 : SECURITY_RESTRICTED_OPERATION));
	guc_level = NewGUCNestLevel();
	respond_door_pin(DOOR_AS_CALLER);
	respond_owner_session_hide_settings(session);
	if (call->may_lock)
		defer_nothing();
	if (!ActiveSnapshotSet())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		pushed = true;
	}
	call->function(call->argument);
	if (pushed)
		PopActiveSnapshot();
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(user, security);
}

/* Whether messages of the SQL would reach somebody who may not see what it reads. */
static bool
must_be_silent(const OwnerCall *call)
{
	return whereToSendOutput == DestRemote && !in_own_worker() && !respond_private_is_visible(call->owner);
}

/*
 * How long SQL of a rule waits for a lock, in ms: a part of its time, so that what
 * waits longer can be tried again later.  With little time its timer alone decides
 * (0).  The variable is set without the machinery of settings, which would cost as
 * much as a condition.
 */
static int
patience(int milliseconds)
{
	if (milliseconds < LEAST_PATIENCE_MS)
		return 0;
	return Max(LEAST_PATIENCE_MS, milliseconds / PATIENCE_SHARE);
}

void
respond_owner_call(const OwnerCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool		undo = call->undo || undo_everything;
	volatile bool timed = true;
	List	   *locks = NIL;
	OwnerSession session = {0};
	int			lock_timeout = LockTimeout;
	CommandDest destination = whereToSendOutput;
	bool		silent = must_be_silent(call);

	if (in_own_worker())
		LockTimeout = patience(call->timeout);
	if (call->may_lock && !in_own_worker())
		locks = list_advisory_locks();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	start_timer(call->timeout);
	PG_TRY();
	{
		if (silent)
			whereToSendOutput = DestNone;
		respond_owner_session_begin(&session, call->owner, call->may_lock, call->is_request);
		call_as_owner(call, &session);
		timed = false;
		stop_timer();
		if (call->may_lock)
			respond_owner_session_close_files();
		if (undo)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		bool		expired = timed && stop_timer();
		ErrorData  *error;

		LockTimeout = lock_timeout;
		whereToSendOutput = destination;
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		/* it was decided when there was no client to tell */
		error->output_to_client |= silent;
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		respond_owner_session_end(&session, call->may_lock);
		if (call->may_lock)
			release_advisory_locks(locks);
		if (call->expired != NULL)
			*call->expired = expired && error->sqlerrcode == ERRCODE_QUERY_CANCELED;
		if (expired && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		{
			error->sqlerrcode = ERRCODE_RESPOND_LIMIT;
			error->message = psprintf("SQL was canceled after %d ms", call->timeout);
			error->detail = NULL;
			error->hint = "Make it faster, or raise \"pg_respond.rule_timeout\" (or the step's timeout, if it has"
						  " one).";
		}
		if (error->sqlerrcode == ERRCODE_OUT_OF_MEMORY && respond_memory_limit_applies())
		{
			error->sqlerrcode = ERRCODE_RESPOND_LIMIT;
			error->message = psprintf("SQL needs more than %d MB of memory", respond_rule_memory);
			error->detail = NULL;
			error->hint = "Let it build less at once, or raise \"pg_respond.rule_memory\".";
		}
		ReThrowError(error);
	}
	PG_END_TRY();
	LockTimeout = lock_timeout;
	whereToSendOutput = destination;
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	respond_owner_session_end(&session, call->may_lock);
	if (call->may_lock || in_own_worker())
		release_advisory_locks(locks);
}

Oid
respond_owner_find(const char *name)
{
	return get_role_oid(name, true);
}

bool
respond_owner_exists(Oid role)
{
	return OidIsValid(role) && SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role));
}

void
respond_owner_require(Oid role)
{
	if (!respond_owner_exists(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the rule's owner, role %u, does not exist", role),
				 errhint("Give the rule to an existing role: UPDATE respond.rule SET owner = ...")));
}

bool
respond_owner_set_undo(bool undo)
{
	bool		before = undo_everything;

	undo_everything = undo;
	return before;
}
