/*-------------------------------------------------------------------------
 * run_order.c
 *	  What a run could not be told yet, it is told in its order.
 *
 * While somebody holds the row of a run, everything that happens to it is put off.
 * What comes first ends a wait, so later events, and its deadline, must not pass an
 * earlier event when the row is free.  What was put off has a number; only the one
 * with the lowest number of a run is tried, and the others stay behind it.
 *
 * The order stands in memory, so each change is noted until its transaction ends: a
 * rollback takes it back, as it does with the timers.  A new process reads it from the
 * timers, which have the numbers.
 *
 * src/dispatcher/run_order.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/grow.h"
#include "common/jsonb_read.h"
#include "common/kept_plan.h"
#include "dispatcher/run_order.h"

/* So many runs are kept in order. */
#define MOST_RUNS	100000

/* What is due for longer than this is not there: somebody has deleted it, or its event.  In ms. */
#define MOST_LATE	30000

/* An index has these rows alone. */
static KeptPlan again_plan = {
	"SELECT t.run_id, t.due_at, t.data FROM respond_internal.timer AS t"
	" WHERE t.kind OPERATOR(pg_catalog.=) '" TIMER_AGAIN "' AND t.run_id IS NOT NULL ORDER BY t.run_id LIMIT $1",
	1, {INT8OID}
};

typedef struct RunQueue
{
	int64		run_id;			/* hash key */
	TimestampTz head_due;
	int			count;
	int			room;
	int64	   *numbers;		/* ascending; the first is the head's */
} RunQueue;

/* One change of a queue by the current transaction. */
typedef struct Change
{
	int64		run_id;
	int64		number;
	bool		added;
	bool		removed;
	TimestampTz head_due;		/* before it */
	SubTransactionId made_in;
} Change;

static MemoryContext context = NULL;	/* NULL: nothing is put off */
static HTAB *queues = NULL;
static Change *changes = NULL;
static int	change_count = 0;
static int	change_room = 0;

static void
forget_all(void)
{
	MemoryContextDelete(context);
	context = NULL;
	queues = NULL;
	changes = NULL;
	change_count = change_room = 0;
}

static RunQueue *
find_queue(int64 run_id)
{
	return queues != NULL ? hash_search(queues, &run_id, HASH_FIND, NULL) : NULL;
}

static RunQueue *
make_queue(int64 run_id)
{
	bool		found;
	RunQueue   *queue = hash_search(queues, &run_id, HASH_ENTER, &found);

	if (found)
		return queue;
	queue->head_due = 0;
	queue->count = queue->room = 0;
	queue->numbers = NULL;
	return queue;
}

/* In its order; false: it is there. */
static bool
add_number(RunQueue *queue, int64 number)
{
	int			place = queue->count;

	while (place > 0 && queue->numbers[place - 1] > number)
		place--;
	if (place > 0 && queue->numbers[place - 1] == number)
		return false;
	queue->numbers = respond_grow(context, queue->numbers, queue->count, &queue->room, sizeof(int64));
	memmove(&queue->numbers[place + 1], &queue->numbers[place], sizeof(int64) * (queue->count - place));
	queue->numbers[place] = number;
	queue->count++;
	return true;
}

static void
drop_queue(RunQueue *queue)
{
	int64		run_id = queue->run_id;

	pfree(queue->numbers);
	(void) hash_search(queues, &run_id, HASH_REMOVE, NULL);
}

/* A queue without numbers goes; false: the number is not there. */
static bool
remove_number(RunQueue *queue, int64 number)
{
	int			kept = 0;
	bool		removed;

	for (int i = 0; i < queue->count; i++)
		if (queue->numbers[i] != number)
			queue->numbers[kept++] = queue->numbers[i];
	removed = kept < queue->count;
	queue->count = kept;
	if (kept == 0)
		drop_queue(queue);
	return removed;
}

static void
take_back(const Change *change)
{
	RunQueue   *queue = change->removed ? make_queue(change->run_id) : find_queue(change->run_id);

	if (queue == NULL)
		return;
	queue->head_due = change->head_due;
	if (change->removed)
		(void) add_number(queue, change->number);
	else if (change->added)
		(void) remove_number(queue, change->number);
}

static void
follow_transaction(XactEvent event, void *argument)
{
	while (event == XACT_EVENT_ABORT && change_count > 0)
		take_back(&changes[--change_count]);
	if (event == XACT_EVENT_COMMIT)
		change_count = 0;
}

/* Subtransactions that ended inside of it have higher numbers. */
static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *argument)
{
	while (event == SUBXACT_EVENT_ABORT_SUB && change_count > 0 && changes[change_count - 1].made_in >= mine)
		take_back(&changes[--change_count]);
}

static Change *
note_change(const RunQueue *queue, int64 number)
{
	Change	   *change;

	changes = respond_grow(context, changes, change_count, &change_room, sizeof(Change));
	change = &changes[change_count++];
	memset(change, 0, sizeof(*change));
	change->run_id = queue->run_id;
	change->number = number;
	change->head_due = queue->head_due;
	change->made_in = GetCurrentSubTransactionId();
	return change;
}

static void
open_queues(void)
{
	static bool registered = false;
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(RunQueue)};

	if (!registered)
	{
		RegisterXactCallback(follow_transaction, NULL);
		RegisterSubXactCallback(follow_subtransaction, NULL);
	}
	registered = true;
	context = AllocSetContextCreate(TopMemoryContext, "pg_respond order of runs", ALLOCSET_SMALL_SIZES);
	control.hcxt = context;
	queues = hash_create("order of runs", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

bool
respond_run_order_is_behind(const Awakening *awakening, TimestampTz *due)
{
	RunQueue   *queue = find_queue(awakening->run_id);

	if (queue == NULL || awakening->number == queue->numbers[0])
		return false;
	/* its head is gone */
	if (TimestampDifferenceExceeds(queue->head_due, respond_clock_now(), MOST_LATE))
	{
		drop_queue(queue);
		return false;
	}
	/* more runs than are kept in order: it finds its place when it is put off again */
	if (awakening->number != 0 && awakening->number < queue->numbers[0])
		return false;
	*due = queue->head_due + 1;
	return true;
}

/* Greater than all before, over restarts too. */
static int64
next_number(void)
{
	static int64 last = 0;

	last = Max(last + 1, (int64) GetCurrentTimestamp());
	return last;
}

void
respond_run_order_put_off(Awakening *awakening, TimestampTz due)
{
	RunQueue   *queue;
	Change	   *change;

	if (awakening->number == 0)
		awakening->number = next_number();
	if (queues != NULL && hash_get_num_entries(queues) >= MOST_RUNS)
		forget_all();
	if (queues == NULL)
		open_queues();
	queue = make_queue(awakening->run_id);
	change = note_change(queue, awakening->number);
	change->added = add_number(queue, awakening->number);
	if (queue->numbers[0] == awakening->number)
		queue->head_due = due;
}

/* The next one of them is tried when it is due, which is soon. */
void
respond_run_order_done(int64 run_id, int64 number)
{
	RunQueue   *queue = find_queue(run_id);
	Change	   *change;

	if (queue == NULL || number == 0)
		return;
	change = note_change(queue, number);
	change->removed = remove_number(queue, number);
}

/* One that was put off before this process began. */
static void
load_row(HeapTuple row, TupleDesc columns)
{
	bool		is_null;
	int64		run_id = DatumGetInt64(SPI_getbinval(row, columns, 1, &is_null));
	TimestampTz due = DatumGetTimestampTz(SPI_getbinval(row, columns, 2, &is_null));
	Datum		data = SPI_getbinval(row, columns, 3, &is_null);
	int64		number = is_null ? 0 : respond_jsonb_find_int64(respond_jsonb_root(DatumGetJsonbP(data)), "number");
	RunQueue   *queue;

	if (number == 0)
		return;
	queue = make_queue(run_id);
	(void) add_number(queue, number);
	if (queue->numbers[0] == number)
		queue->head_due = due;
}

void
respond_run_order_load(void)
{
	Datum		most = Int64GetDatum(MOST_RUNS);

	if (queues != NULL)
		forget_all();
	SPI_connect();
	if (respond_kept_plan_run(&again_plan, &most, NULL) > 0)
		open_queues();
	for (uint64 i = 0; i < SPI_processed; i++)
		load_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
	SPI_finish();
}
