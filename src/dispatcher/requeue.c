/*-------------------------------------------------------------------------
 * requeue.c
 *	  Events that are handled outside of the order of the log.
 *
 * Replays, rules started by hand, and what a restored copy had left.  They are
 * few, so their rows are deleted in the batch that handles them.  A rule whose runs
 * may wait starts when the log has come to the event that says so: what was recorded
 * before is none of what its run hears.  Others have no reason to stand behind the log.
 *
 * src/dispatcher/requeue.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/arena_server.h"
#include "common/life.h"
#include "common/row_values.h"
#include "common/shape.h"
#include "dispatcher/place.h"
#include "dispatcher/queue_reader.h"
#include "dispatcher/reader.h"
#include "dispatcher/requeue.h"
#include "flow/flow_compile.h"
#include "rule/rule_set.h"

enum
{
	REQUEUE_ID,
	REQUEUE_EVENT_ID,
	REQUEUE_RECORDED_AT,
	REQUEUE_RULE,
	REQUEUE_FORCED,
	REQUEUE_REPLAY,
	REQUEUE_RUN_ID,
	REQUEUE_RULE_OWNER,
	REQUEUE_INCARNATION,
	REQUEUE_PLACE,
	REQUEUE_COLUMNS
};

static const ShapeColumn requeue_columns[] = {
	{"id", INT8OID},
	{"event_id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
	{"rule", TEXTOID},
	{"forced", BOOLOID},
	{"replay", BOOLOID},
	{"run_id", INT8OID},
	{"rule_owner", OIDOID},
	{"incarnation", INT8OID},
	{"place", JSONBOID},
};

StaticAssertDecl(lengthof(requeue_columns) == REQUEUE_COLUMNS, "each column of the requeue has its type");

const Shape respond_shape_requeue = SHAPE("respond_internal.requeue", requeue_columns);

/* So many starts that have to wait for the log are passed over to find one that has not. */
#define MOST_PASSED_OVER	100

static Event *
requeued_event(const Datum *values, const bool *nulls)
{
	Event	   *event;

	event = respond_reader_fetch_id(DatumGetInt64(values[REQUEUE_EVENT_ID]));
	if (event == NULL)
		return NULL;
	if (!nulls[REQUEUE_RULE])
		event->only_rule = TextDatumGetCString(values[REQUEUE_RULE]);
	event->forced = DatumGetBool(values[REQUEUE_FORCED]);
	event->replay = DatumGetBool(values[REQUEUE_REPLAY]);
	if (!nulls[REQUEUE_RUN_ID])
		event->run_id = DatumGetInt64(values[REQUEUE_RUN_ID]);
	event->only_owner = nulls[REQUEUE_RULE_OWNER] ? InvalidOid : DatumGetObjectId(values[REQUEUE_RULE_OWNER]);
	event->begins_at = respond_row_jsonb(values, nulls, REQUEUE_PLACE);
	return event;
}

static QueueReader reader = QUEUE_READER("requeue", &respond_shape_requeue, REQUEUE_ID, REQUEUE_INCARNATION);

void
respond_requeue_forget(void)
{
	respond_queue_forget(&reader);
}

long
respond_requeue_due(uint64 wakes)
{
	return respond_queue_due(&reader, wakes);
}

/* Events that were taken. */
typedef struct Taken
{
	List	   *events;
	int			limit;
	int64		bytes;
	int			passed_over;
	RuleSet    *rules;			/* NULL: not asked yet */
	const Cursor *here;			/* what this dispatcher has handled, NULL: not asked yet */
} Taken;

/* Whether the log has come to the event, here or where the database was copied from. */
static bool
has_passed(Taken *taken, const Event *event)
{
	if (event->incarnation != respond_life_incarnation())
		return true;
	if (taken->here == NULL)
		taken->here = respond_place_cursor(respond_arena_create_in(CurrentMemoryContext));
	return respond_cursor_passed(taken->here, U64FromFullTransactionId(event->xid), event->id);
}

/* A rule that is not in force leaves no run that waits. */
static bool
must_wait(Taken *taken, const Event *event)
{
	const Rule *rule;

	if (event->begins_at == NULL)
		return false;
	if (taken->rules == NULL)
		taken->rules = respond_rule_set_current();
	rule = respond_rule_set_find(taken->rules, event->only_rule);
	return rule != NULL && rule->broken == NULL && respond_flow_may_wait(rule->flow) && !has_passed(taken, event);
}

static QueueAnswer
take_row(void *context, const Datum *values, const bool *nulls)
{
	Taken	   *taken = context;
	Event	   *event = requeued_event(values, nulls);

	if (event != NULL)
	{
		if (must_wait(taken, event))
			return ++taken->passed_over < MOST_PASSED_OVER ? QUEUE_LEAVE : QUEUE_LEAVE_REST;
		taken->events = lappend(taken->events, event);
		taken->bytes += event->data != NULL ? event->data_size : 0;
	}
	return list_length(taken->events) < taken->limit && taken->bytes < RESPOND_BATCH_BYTES ? QUEUE_MORE : QUEUE_ENOUGH;
}

List *
respond_requeue_take(int limit, uint64 wakes)
{
	Taken		taken = {NIL, limit};

	respond_queue_take(&reader, wakes, take_row, &taken);
	return taken.events;
}
