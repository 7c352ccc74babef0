/*-------------------------------------------------------------------------
 * schedule_event.c
 *	  The events that a schedule records at one of its times.
 *
 * Without a query it is one event, whose data are those of the schedule with
 * the time in them.  With a query there is one for each row, and the row is its
 * data, as it is.
 *
 * A query sees its event as the condition of a rule does: its time is the one
 * for which the schedule fires, which may be long past.
 *
 * src/schedule/schedule_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"

#include "common/jsonb_push.h"
#include "event/event_roots.h"
#include "schedule/schedule_event.h"

/* Most that a query may return. */
#define MOST_ROWS			100000
#define MOST_ROW_BYTES		((Size) 64 * 1024 * 1024)

/* The members of an object. */
static void
push_members(JsonbParseState **state, Jsonb *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &value, false);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_END_OBJECT)
		pushJsonbValue(state, token, &value);
}

/* Keys that stand there twice count once, as the last one says. */
static Jsonb *
with_time(Jsonb *data, const Tick *tick)
{
	JsonbParseState *state = NULL;
	char		time[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_members(&state, data);
	respond_jsonb_push_text(&state, "scheduled_for", respond_event_time(tick->at, time));
	if (tick->missed > 0)
		respond_jsonb_push_int64(&state, "missed", tick->missed);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static char *
render_subject(const Schedule *schedule, Jsonb *data)
{
	TemplateRoot roots[] = {{"data", respond_template_from_jsonb(data)}};
	TemplateRoots context = {lengthof(roots), roots};
	TemplateValue root = respond_template_from_roots(&context);
	size_t		length;
	char	   *subject;

	if (schedule->subject == NULL)
		return NULL;
	subject = respond_template_render_cstring(schedule->subject, &root, TEMPLATE_ESCAPE_NONE, &length);
	return length > 0 ? subject : NULL;
}

static void
fill_event(NewEvent *event, const Schedule *schedule, const Tick *tick, const char *actor, Jsonb *data)
{
	memset(event, 0, sizeof(*event));
	event->type = schedule->row.event_type;
	event->subject = render_subject(schedule, data);
	event->actor = actor;
	event->time = tick->at;
	event->data = data;
}

static OwnerSql *
prepare_query(Schedule *schedule, Oid owner)
{
	if (schedule->query != NULL)
		return schedule->query;
	/* an attempt that failed may have left something */
	if (schedule->query_context != NULL)
		MemoryContextReset(schedule->query_context);
	else
		schedule->query_context = AllocSetContextCreate(schedule->context, "pg_respond query", ALLOCSET_SMALL_SIZES);
	schedule->query = respond_owner_sql_prepare(OWNER_SQL_QUERY, schedule->row.query, owner, "query",
												NULL, schedule->query_context);
	return schedule->query;
}

static List *
run_query(Schedule *schedule, const Tick *tick, Oid owner, const char *actor)
{
	Event		event = {
		.type = schedule->row.event_type,.source = "",.actor = actor,.time = tick->at,.recorded_at = tick->at,
		.data = with_time(schedule->row.data, tick)
	};

	return respond_owner_sql_query(prepare_query(schedule, owner), &event, MOST_ROWS, MOST_ROW_BYTES);
}

void
respond_schedule_events(Schedule *schedule, const Tick *tick, Oid owner, TickEvents *events)
{
	char	   *actor = psprintf("schedule:%s", schedule->row.name);
	List	   *rows;

	if (schedule->row.query == NULL)
		rows = list_make1(with_time(schedule->row.data, tick));
	else
		rows = run_query(schedule, tick, owner, actor);
	events->count = list_length(rows);
	events->events = palloc(Max(events->count, 1) * sizeof(NewEvent));
	for (int i = 0; i < events->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fill_event(&events->events[i], schedule, tick, actor, list_nth(rows, i));
	}
}
