/*-------------------------------------------------------------------------
 * wake.c
 *	  Waking the dispatchers of a database after a commit.
 *
 * A transaction that records an event raises a flag of its backend.  At the very
 * end of the commit a callback looks for dispatchers of the database that sleep
 * and sets their latches: a few reads of shared memory when none does,
 * no lock, no NOTIFY.  The commit's position goes into the ring of
 * commit_order.c on the way.
 *
 * A flag raised in a savepoint that was rolled back stays up: the dispatcher
 * wakes once for nothing.  PREPARE TRANSACTION lowers it, and COMMIT PREPARED,
 * which may come from any backend, wakes in any case.
 *
 * src/event/wake.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/resowner.h"

#include "common/latch.h"
#include "common/shmem.h"
#include "event/commit_order.h"
#include "event/wake.h"

/* Who looks after COMMIT PREPARED. */
#define MAX_LOOKS		8

static void (*looks[MAX_LOOKS]) (void);
static int	look_count = 0;

static bool wake_wanted = false;
static FullTransactionId committing_xid = {0};
static ProcessUtility_hook_type previous_utility_hook = NULL;

static void
announce_commit(XactEvent event, void *argument)
{
	if (!wake_wanted)
		return;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			committing_xid = GetTopFullTransactionIdIfAny();
			if (FullTransactionIdIsValid(committing_xid))
				respond_commit_order_announce(committing_xid);
			break;

		case XACT_EVENT_ABORT:
			/* announced, but then a deferred constraint failed: nobody shall wait for it */
			if (FullTransactionIdIsValid(committing_xid))
				respond_commit_order_record(committing_xid, InvalidXLogRecPtr);
			/* FALLTHROUGH */
		case XACT_EVENT_PREPARE:
			wake_wanted = false;
			committing_xid = InvalidFullTransactionId;
			break;

		default:
			break;
	}
}

void
respond_wake_dispatchers(Oid database)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	if (entry == NULL)
		return;

	/*
	 * Counted before anybody is woken, and before the client hears of its
	 * commit: a lane that has seen the count has seen what it stands for.
	 */
	pg_atomic_fetch_add_u64(&entry->wakes, 1);

	/*
	 * What the waker did before must be visible to whoever sees sleeping turn
	 * to 0, and sleeping must be read after it: the dispatcher sets sleeping
	 * first and looks for work afterwards.
	 */
	pg_memory_barrier();
	for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
		respond_latch_wake_slot(pg_atomic_read_u32(&entry->dispatchers[lane]));
	respond_latch_wake_slot(pg_atomic_read_u32(&entry->streams));
}

/*
 * The commit is completed here, not in the transaction callback, because the
 * server sends cache invalidations in between.  Who sees a position in the ring
 * has also been told of the rules that the transaction changed.
 */
static void
complete_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (!wake_wanted || !is_commit || !is_top_level || phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	wake_wanted = false;
	if (FullTransactionIdIsValid(committing_xid))
		respond_commit_order_record(committing_xid, XactLastCommitEnd);
	committing_xid = InvalidFullTransactionId;
	respond_wake_dispatchers(MyDatabaseId);
}

/*
 * Transaction id of a prepared transaction, invalid when there is none of that
 * name.  Asks the function behind pg_prepared_xacts, without a query, because
 * there is no snapshot to run one with.
 */
static FullTransactionId
find_prepared_xid(const char *gid)
{
	LOCAL_FCINFO(fcinfo, 0);
	FmgrInfo	function;
	ReturnSetInfo result = {0};
	ExprContext *expression_context = CreateStandaloneExprContext();
	TransactionId xid = InvalidTransactionId;
	FullTransactionId next = ReadNextFullTransactionId();
	uint64		full;

	fmgr_info(F_PG_PREPARED_XACT, &function);
	result.type = T_ReturnSetInfo;
	result.econtext = expression_context;
	result.allowedModes = SFRM_ValuePerCall;
	result.returnMode = SFRM_ValuePerCall;
	InitFunctionCallInfoData(*fcinfo, &function, 0, InvalidOid, NULL, (Node *) &result);
	for (;;)
	{
		HeapTupleHeader row;
		bool		is_null;
		Datum		value;

		result.isDone = ExprSingleResult;
		fcinfo->isnull = false;
		value = FunctionCallInvoke(fcinfo);
		if (result.isDone != ExprMultipleResult)
			break;
		row = DatumGetHeapTupleHeader(value);
		if (strcmp(text_to_cstring(DatumGetTextPP(GetAttributeByNum(row, 2, &is_null))), gid) == 0)
			xid = DatumGetTransactionId(GetAttributeByNum(row, 1, &is_null));
	}
	FreeExprContext(expression_context, true);

	if (!TransactionIdIsNormal(xid))
		return InvalidFullTransactionId;
	full = (U64FromFullTransactionId(next) & ~UINT64CONST(0xFFFFFFFF)) | xid;
	if (full >= U64FromFullTransactionId(next))
		full -= UINT64CONST(1) << 32;
	return FullTransactionIdFromU64(full);
}

static void
see_commit_prepared(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo parameters,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	Node	   *tree = statement->utilityStmt;
	bool		commits_prepared = IsA(tree, TransactionStmt) &&
		((TransactionStmt *) tree)->kind == TRANS_STMT_COMMIT_PREPARED;
	FullTransactionId xid = InvalidFullTransactionId;

	/* in databases without workers nobody waits for it */
	if (commits_prepared && respond_shmem_find_database(MyDatabaseId) != NULL)
	{
		xid = find_prepared_xid(((TransactionStmt *) tree)->gid);
		if (FullTransactionIdIsValid(xid))
			respond_commit_order_announce(xid);
	}

	if (previous_utility_hook)
		previous_utility_hook(statement, query, read_only_tree, context, parameters,
							  environment, destination, completion);
	else
		standard_ProcessUtility(statement, query, read_only_tree, context, parameters,
								environment, destination, completion);

	if (commits_prepared)
	{
		if (FullTransactionIdIsValid(xid))
			respond_commit_order_record(xid, XactLastRecEnd);
		respond_wake_dispatchers(MyDatabaseId);
		for (int i = 0; i < look_count; i++)
			looks[i] ();
	}
}

void
respond_wake_initialize(void)
{
	RegisterXactCallback(announce_commit, NULL);
	RegisterResourceReleaseCallback(complete_commit, NULL);
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = see_commit_prepared;
}

void
respond_wake_after_commit_prepared(void (*look) (void))
{
	Assert(look_count < MAX_LOOKS);
	looks[look_count++] = look;
}

void
respond_wake_at_commit(void)
{
	Assert(IsTransactionState());
	wake_wanted = true;
}

uint64
respond_wake_count(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? pg_atomic_read_u64(&database->wakes) : 0;
}
