/*-------------------------------------------------------------------------
 * event_count.c
 *	  How many events were recorded, for the metrics.
 *
 * src/event/event_count.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "common/grow.h"
#include "common/metric.h"
#include "event/event_count.h"

/* Events of one subtransaction, or of several that followed each other in it. */
typedef struct Recorded
{
	SubTransactionId subtransaction;
	int64		count;
} Recorded;

static Recorded *recorded = NULL;
static int	recorded_count = 0;
static int	recorded_room = 0;

static void
count_if_committed(XactEvent event, void *argument)
{
	uint64		total = 0;

	if (recorded_count == 0)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			for (int i = 0; i < recorded_count; i++)
				total += recorded[i].count;
			respond_metric_add(METRIC_EVENTS_RECORDED, total);
			/* FALLTHROUGH */
		case XACT_EVENT_ABORT:
			recorded_count = 0;
			break;
		default:
			break;
	}
}

/* Numbers of subtransactions grow, so those within the one that aborts are at the end. */
static void
forget_subtransaction(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent, void *argument)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (recorded_count > 0 && recorded[recorded_count - 1].subtransaction >= subtransaction)
		recorded_count--;
}

void
respond_event_count_initialize(void)
{
	RegisterXactCallback(count_if_committed, NULL);
	RegisterSubXactCallback(forget_subtransaction, NULL);
}

void
respond_event_count(int count)
{
	SubTransactionId current = GetCurrentSubTransactionId();

	if (recorded_count == 0 || recorded[recorded_count - 1].subtransaction != current)
	{
		recorded = respond_grow(TopMemoryContext, recorded, recorded_count, &recorded_room, sizeof(Recorded));
		recorded[recorded_count++] = (Recorded) {current, 0};
	}
	recorded[recorded_count - 1].count += count;
}
