/*-------------------------------------------------------------------------
 * run_order.c
 *	  What a run could not be told yet, it is told in its order.
 *
 * While somebody holds the row of a run, everything that happens to it is put off.
 * What comes first ends a wait, so later events, and its deadline, must not pass an
 * earlier event when the row is free.  What was put off has a number; only the one
 * with the lowest number of a run is tried, and the others stay behind it.
 *
 * This is kept in memory alone.  After a restart, and after a rollback, what was put
 * off is tried when it is due.
 *
 * src/dispatcher/run_order.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "dispatcher/run_order.h"

/* So many runs are kept in order. */
#define MOST_RUNS	10000

/* What is due for longer than this is not there, in ms. */
#define MOST_LATE	30000

typedef struct RunQueue
{
	int64		run_id;			/* hash key */
	TimestampTz head_due;
	int			count;
	int			room;
	int64	   *numbers;		/* ascending; the first is the head's */
} RunQueue;

static MemoryContext context = NULL;	/* NULL: nothing is put off */
static HTAB *queues = NULL;

static void
open_queues(void)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(RunQueue)};

	context = AllocSetContextCreate(TopMemoryContext, "pg_respond order of runs", ALLOCSET_SMALL_SIZES);
	control.hcxt = context;
	queues = hash_create("order of runs", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
respond_run_order_forget(void)
{
	if (context != NULL)
		MemoryContextDelete(context);
	context = NULL;
	queues = NULL;
}

static RunQueue *
find_queue(int64 run_id)
{
	return queues != NULL ? hash_search(queues, &run_id, HASH_FIND, NULL) : NULL;
}

bool
respond_run_order_is_behind(const Awakening *awakening, TimestampTz *due)
{
	RunQueue   *queue = find_queue(awakening->run_id);

	if (queue == NULL || awakening->number == queue->numbers[0])
		return false;
	/* it was put off in something that was rolled back */
	if (TimestampDifferenceExceeds(queue->head_due, respond_clock_now(), MOST_LATE))
	{
		(void) hash_search(queues, &awakening->run_id, HASH_REMOVE, NULL);
		return false;
	}
	/* of before a restart: its place is not known */
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

static void
add_number(RunQueue *queue, int64 number)
{
	if (queue->count == queue->room)
	{
		int			room = Max(8, queue->room * 2);
		int64	   *numbers = MemoryContextAlloc(context, sizeof(int64) * room);

		if (queue->count > 0)
			memcpy(numbers, queue->numbers, sizeof(int64) * queue->count);
		queue->numbers = numbers;
		queue->room = room;
	}
	queue->numbers[queue->count++] = number;
}

void
respond_run_order_put_off(Awakening *awakening, TimestampTz due)
{
	RunQueue   *queue;
	bool		found;
	bool		is_new = awakening->number == 0;

	if (is_new)
		awakening->number = next_number();
	if (queues != NULL && hash_get_num_entries(queues) >= MOST_RUNS)
		respond_run_order_forget();
	if (queues == NULL)
		open_queues();
	queue = hash_search(queues, &awakening->run_id, HASH_ENTER, &found);
	if (!found)
	{
		queue->count = queue->room = 0;
		queue->numbers = NULL;
	}
	if (!found || is_new)
		add_number(queue, awakening->number);
	if (queue->numbers[0] == awakening->number)
		queue->head_due = due;
}

void
respond_run_order_done(int64 run_id, int64 number)
{
	RunQueue   *queue = find_queue(run_id);
	int			kept = 0;

	if (queue == NULL || number == 0)
		return;
	for (int i = 0; i < queue->count; i++)
		if (queue->numbers[i] != number)
			queue->numbers[kept++] = queue->numbers[i];
	queue->count = kept;
	/* the next one of them is tried when it is due, which is soon */
	if (kept == 0)
		(void) hash_search(queues, &run_id, HASH_REMOVE, NULL);
}
