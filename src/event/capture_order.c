/*-------------------------------------------------------------------------
 * capture_order.c
 *	  Events of nested statements come after those of the statement around them.
 *
 * An INSERT whose AFTER trigger updates the new row again: the trigger runs
 * first, and the capture trigger of its UPDATE fires before that of the INSERT,
 * which comes last.  Recorded in this order the row would be updated before it
 * exists.  So while a statement fires its AFTER triggers, events of statements
 * within are kept, and written when it is done.
 *
 * Level 1 is the outermost statement that fires triggers; what is captured there
 * is written at once, so ordinary writes pay nothing.  A deeper level, when it
 * is done, puts its own events before those of the levels within and hands all
 * of them on to the level around it.
 *
 * Savepoints (a PL/pgSQL block that catches an error) take back the events that
 * were kept since.  Only so much is kept; more than that is written as it is.
 *
 * A statement that a function or BEFORE trigger calls while the outer one still
 * goes over its rows is not nested in this sense: its events are written before
 * those of the outer one, as its changes are made.  The executor has a hook where
 * AFTER triggers begin; COPY is told by the error context that it has until then.
 *
 * src/event/capture_order.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/copy.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/memutils.h"

#include "event/capture_order.h"

/* Bytes of events that are kept. */
#define MAX_KEPT	(16 * 1024 * 1024)

typedef struct KeptEvent
{
	int			level;			/* that captured it, or within which it was */
	SubTransactionId subtransaction;
	CaptureTrigger *capture;
	NewEvent	event;
} KeptEvent;

static int	level = 0;			/* statements that fire their triggers now, one within the other */
static int	copy_level = 0;		/* that of the innermost COPY; 0: none */
static ErrorContextCallback *copy_around = NULL;	/* error context around it */
static MemoryContext kept_context = NULL;
static KeptEvent *kept = NULL;
static int	kept_count = 0;
static int	kept_room = 0;
static Size kept_bytes = 0;

static CaptureWrite write_events = NULL;
static ExecutorFinish_hook_type previous_finish_hook = NULL;
static ProcessUtility_hook_type previous_utility_hook = NULL;

static Size
kept_size(const NewEvent *event)
{
	return VARSIZE(event->data) + sizeof(KeptEvent);
}

/* Forgets those from a place on. */
static void
drop_kept(int first)
{
	while (kept_count > first)
	{
		KeptEvent  *entry = &kept[--kept_count];

		kept_bytes -= kept_size(&entry->event);
		pfree(unconstify(char *, entry->event.type));
		if (entry->event.subject != NULL)
			pfree(unconstify(char *, entry->event.subject));
		pfree(entry->event.data);
		entry->capture->users--;
	}
}

static void
forget_kept(void)
{
	for (int i = 0; i < kept_count; i++)
		kept[i].capture->users--;
	kept = NULL;
	kept_count = kept_room = 0;
	kept_bytes = 0;
	if (kept_context != NULL)
		MemoryContextDelete(kept_context);
	kept_context = NULL;
}

/* Writes what is kept, from a place on, in groups of the same trigger. */
static void
write_kept(int first)
{
	int			from = first;

	while (from < kept_count)
	{
		int			to = from;
		NewEvent   *events;

		while (to < kept_count && kept[to].capture == kept[from].capture)
			to++;
		events = palloc((to - from) * sizeof(NewEvent));
		for (int i = from; i < to; i++)
			events[i - from] = kept[i].event;
		write_events(kept[from].capture, events, to - from);
		pfree(events);
		from = to;
	}
	if (first == 0)
		forget_kept();
	else
		drop_kept(first);
}

/*
 * Where those begin that the present subtransaction captured.  What is before
 * must not be written in it: it would be lost when this one is rolled back.
 */
static int
first_of_subtransaction(void)
{
	SubTransactionId id = GetCurrentSubTransactionId();
	int			first = kept_count;

	while (first > 0 && kept[first - 1].subtransaction >= id)
		first--;
	return first;
}

static void
make_room(void)
{
	if (kept_context == NULL)
		kept_context = AllocSetContextCreate(TopTransactionContext, "pg_respond kept events",
											 ALLOCSET_DEFAULT_SIZES);
	if (kept_count < kept_room)
		return;
	kept_room = Max(64, 2 * kept_room);
	if (kept == NULL)
		kept = MemoryContextAllocHuge(kept_context, kept_room * sizeof(KeptEvent));
	else
		kept = repalloc_huge(kept, kept_room * sizeof(KeptEvent));
}

static char *
copy_string(const char *string)
{
	return string != NULL ? pstrdup(string) : NULL;
}

static void
keep(CaptureTrigger *capture, const NewEvent *event)
{
	MemoryContext before;
	KeptEvent  *entry;

	make_room();
	before = MemoryContextSwitchTo(kept_context);
	entry = &kept[kept_count];
	entry->level = level;
	entry->subtransaction = GetCurrentSubTransactionId();
	entry->capture = capture;
	entry->event = *event;
	entry->event.type = copy_string(event->type);
	entry->event.subject = copy_string(event->subject);
	entry->event.data = palloc(VARSIZE(event->data));
	memcpy(entry->event.data, event->data, VARSIZE(event->data));
	MemoryContextSwitchTo(before);
	capture->users++;
	kept_count++;
	kept_bytes += kept_size(event);
}

bool
respond_capture_order_defer(const CaptureTrigger *capture, const NewEvent *events, int count)
{
	if (level < 2)
		return false;
	for (int i = 0; i < count; i++)
		keep(unconstify(CaptureTrigger *, capture), &events[i]);
	if (kept_bytes > MAX_KEPT)
		write_kept(first_of_subtransaction());
	return true;
}

/* The level's own events first, then those from within; all belong to the level around it now. */
static void
hand_on(void)
{
	KeptEvent  *within;
	int			first = kept_count;
	int			own;
	int			within_count = 0;

	while (first > 0 && kept[first - 1].level >= level)
		first--;
	if (first == kept_count)
		return;
	within = palloc_extended((kept_count - first) * sizeof(KeptEvent), MCXT_ALLOC_HUGE);
	own = first;
	for (int i = first; i < kept_count; i++)
	{
		if (kept[i].level == level)
			kept[own++] = kept[i];
		else
			within[within_count++] = kept[i];
	}
	memcpy(&kept[own], within, within_count * sizeof(KeptEvent));
	for (int i = first; i < kept_count; i++)
		kept[i].level = level;
	pfree(within);
}

/* Whether the statement around is a COPY that still reads rows. */
static bool
copy_reads_rows(void)
{
	if (copy_level == 0 || copy_level != level)
		return false;
	for (ErrorContextCallback *callback = error_context_stack; callback != NULL && callback != copy_around;
		 callback = callback->previous)
		if (callback->callback == CopyFromErrorCallback)
			return true;
	return false;
}

/* Leaves the level of a statement that is done, for the one around it. */
static void
leave(int around)
{
	if (kept_count > 0)
	{
		if (level == 1)
			write_kept(0);
		else
			hand_on();
	}
	level = around;
}

static void
finish_hook(QueryDesc *query)
{
	int			before = level;

	if (!copy_reads_rows())
		level++;
	PG_TRY();
	{
		if (previous_finish_hook)
			previous_finish_hook(query);
		else
			standard_ExecutorFinish(query);
		leave(before);
	}
	PG_CATCH();
	{
		level = before;
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* COPY and TRUNCATE fire their triggers without the executor. */
static bool
fires_triggers(Node *tree)
{
	return (IsA(tree, CopyStmt) && ((CopyStmt *) tree)->is_from) || IsA(tree, TruncateStmt);
}

static void
utility_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo parameters,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	ProcessUtility_hook_type next = previous_utility_hook ? previous_utility_hook : standard_ProcessUtility;
	int			before = level;
	int			copy_before = copy_level;
	ErrorContextCallback *around_before = copy_around;

	if (!fires_triggers(statement->utilityStmt))
	{
		next(statement, query, read_only_tree, context, parameters, environment, destination, completion);
		return;
	}
	if (!copy_reads_rows())
		level++;
	PG_TRY();
	{
		if (IsA(statement->utilityStmt, CopyStmt))
		{
			copy_level = level;
			copy_around = error_context_stack;
		}
		next(statement, query, read_only_tree, context, parameters, environment, destination, completion);
		leave(before);
	}
	PG_FINALLY();
	{
		level = before;
		copy_level = copy_before;
		copy_around = around_before;
	}
	PG_END_TRY();
}

/* What a subtransaction captured is at the end: it began after all that is before. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = kept_count - 1; i >= 0 && kept[i].subtransaction >= id; i--)
			kept[i].subtransaction = parent;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		int			first = kept_count;

		while (first > 0 && kept[first - 1].subtransaction >= id)
			first--;
		drop_kept(first);
	}
}

static void
end_transaction(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE)
		return;
	/* The memory goes with the transaction.  After a commit nothing is in it any more. */
	for (int i = 0; i < kept_count; i++)
		kept[i].capture->users--;
	kept_context = NULL;
	kept = NULL;
	kept_count = kept_room = 0;
	kept_bytes = 0;
	level = copy_level = 0;
}

void
respond_capture_order_initialize(CaptureWrite write)
{
	write_events = write;
	previous_finish_hook = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_hook;
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
	RegisterSubXactCallback(end_subtransaction, NULL);
	RegisterXactCallback(end_transaction, NULL);
}
