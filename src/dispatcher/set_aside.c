/*-------------------------------------------------------------------------
 * set_aside.c
 *	  Events that a rule could not be applied to yet; tried again when they are due.
 *
 * A row of respond_internal.set_aside_event waits in one of three ways:
 *
 *	- until due_at: its try failed, and the pause grows with each;
 *	- behind the first row of the same strand, a rule and a subject: order per
 *	  subject holds.  When that one is finished it becomes due;
 *	- in the queue of its rule, which has used up its share of the lane's time.
 *
 * Rows are found by indexes over due_at, strand and queue, and only when this
 * process knows that there are some.  Rows that are gone stay in an index until
 * vacuum, so a reader goes on from the last row that it saw; nothing of this
 * lane's comes to lie before that.  What others add or move (the first lane for
 * replays, people) is found by a pass from the start, made now and then after a
 * commit that woke the dispatchers, as with the requeue.
 *
 * What this process knows may be too much, after a rollback for example, which
 * costs a look.  It is never too little.
 *
 * src/dispatcher/set_aside.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/shape.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/error_class.h"
#include "common/guc.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "dispatcher/dead_event.h"
#include "dispatcher/progress.h"
#include "dispatcher/reader.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/set_aside.h"
#include "dispatcher/set_aside_rows.h"
#include "event/wake.h"
#include "worker/back_off.h"

/* Pauses between tries, in ms. */
#define PAUSE_FIRST			200
#define PAUSE_LONGEST		30000

/* A pass over all rows follows the last one after this time, and takes at most this share, as a divisor. */
#define PASS_INTERVAL_MS	500
#define PASS_SHARE			20

/* Tries after which an error can count as lasting. */
#define FEWEST_TRIES		5

/* A rule that may have rows. */
typedef struct AsideRule
{
	uint64		rule;			/* hash key */
	bool		queued;			/* rows may be in its queue */
	int64		position;		/* of the last one that was taken */
} AsideRule;

static int	my_lanes;
static int	my_lane;

static bool loaded = false;
static HTAB *rules = NULL;
static int64 waiting;			/* rows of this lane that are committed */
static int64 added;				/* in this transaction */
static int64 removed;
static uint64 seen_wakes;
static TimestampTz next_pass = 0;
static TimestampTz next_due;	/* DT_NOEND: none; 0: to be found */

/* The last row of those that are due which was seen; and at the start of the transaction. */
typedef struct DueMark
{
	TimestampTz due_at;
	int64		id;
} DueMark;

static DueMark mark;
static DueMark committed_mark;

static KeptPlan find_rule = {
	"SELECT 1::pg_catalog.int8 FROM respond.rule AS r WHERE r.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};

static AsideRule *
note_rule(uint64 rule)
{
	AsideRule  *entry;
	bool		found;

	entry = hash_search(rules, &rule, HASH_ENTER, &found);
	if (!found)
	{
		entry->queued = false;
		entry->position = 0;
	}
	return entry;
}

static void
forget_rules(void)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(AsideRule)};

	if (rules != NULL)
		hash_destroy(rules);
	rules = hash_create("pg_respond rules with events set aside", 64, &control, HASH_ELEM | HASH_BLOBS);
}

void
respond_aside_open(int lanes, int lane)
{
	my_lanes = lanes;
	my_lane = lane;
	loaded = false;
}

static bool
table_is_empty(void)
{
	Relation	relation = respond_shape_open_heap(respond_relation_oid("respond_internal", "set_aside_event"),
												   AccessShareLock);
	bool		empty = RelationGetNumberOfBlocks(relation) == 0;

	table_close(relation, AccessShareLock);
	return empty;
}

static bool
is_mine(const AsideRow *row)
{
	return respond_progress_lane(row->subject, row->event_id, my_lanes) == my_lane;
}

/*
 * One row of the table.  The first lane may have put a row behind one that the
 * row's own lane finished at the same moment; then nobody made it due.
 */
static void
load_row(const AsideRow *row, HTAB *strands)
{
	AsideRule  *rule = note_rule(row->rule);
	bool		behind = false;

	rule->queued = rule->queued || row->queue != 0;
	added++;
	if (row->subject != NULL)
	{
		uint64		strand = respond_aside_strand(row->rule, row->subject);

		(void) hash_search(strands, &strand, HASH_ENTER, &behind);
	}
	if (!behind && row->queue == 0 && row->due_at == DT_NOEND)
		respond_aside_make_due(row->entry.id);
}

static void
load_rows(void)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(uint64)};
	HTAB	   *strands;
	ListCell   *cell;

	control.hcxt = CurrentMemoryContext;
	strands = hash_create("pg_respond strands", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(cell, respond_aside_read_all())
	{
		CHECK_FOR_INTERRUPTS();
		if (is_mine(lfirst(cell)))
			load_row(lfirst(cell), strands);
	}
	hash_destroy(strands);
}

static bool
knows_rows(void)
{
	return waiting + added > 0;
}

/* Learns which rows there are; the next look begins at the first. */
static void
load(void)
{
	TimestampTz start = GetCurrentTimestamp();

	seen_wakes = respond_wake_count();
	forget_rules();
	waiting = added = removed = 0;
	mark.due_at = DT_NOBEGIN;
	mark.id = 0;
	if (!table_is_empty())
		load_rows();
	next_due = added > 0 ? 0 : DT_NOEND;
	loaded = true;
	next_pass = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PASS_INTERVAL_MS +
											TimestampDifferenceMilliseconds(start, GetCurrentTimestamp()) * PASS_SHARE);
}

void
respond_aside_look(void)
{
	if (!loaded || (seen_wakes != respond_wake_count() && GetCurrentTimestamp() >= next_pass &&
					(knows_rows() || my_lanes > 1)))
		load();
}

static bool
is_behind(const Event *event, uint64 rule)
{
	return event->subject != NULL && hash_search(rules, &rule, HASH_FIND, NULL) != NULL &&
		respond_aside_strand_is_taken(respond_aside_strand(rule, event->subject));
}

/* A pause that grows with each try, and differs from row to row. */
static TimestampTz
pause_from_now(int tries)
{
	double		pause = (double) respond_back_off(PAUSE_FIRST, PAUSE_LONGEST, tries - 1);

	return GetCurrentTimestamp() + (int64) (pause * (0.75 + 0.25 * pg_prng_double(&pg_global_prng_state)) * 1000.0);
}

static void
insert(const Event *event, const char *rule, int sqlerrcode, TimestampTz due_at, bool queued)
{
	respond_aside_insert(event, rule, sqlerrcode, due_at, queued);
	if (respond_progress_lane(event->subject, event->id, my_lanes) != my_lane)
	{
		respond_wake_at_commit();
		return;
	}
	added++;
	note_rule(respond_share_rule(rule))->queued |= queued;
	next_due = Min(next_due, due_at);
}

static void
change(AsideEntry *entry, int sqlerrcode, TimestampTz due_at, bool queued)
{
	respond_aside_change(entry, sqlerrcode, due_at, queued);
	note_rule(((AsideRow *) entry)->rule)->queued |= queued;
	next_due = Min(next_due, due_at);
	entry->kept = true;
}

static bool
is_being_tried(const Event *event, const char *rule)
{
	return event->aside != NULL && strcmp(event->aside->rule, rule) == 0;
}

bool
respond_aside_holds(const Event *event, const char *rule)
{
	uint64		number = respond_share_rule(rule);

	if (!is_being_tried(event, rule) && knows_rows() && is_behind(event, number))
	{
		insert(event, rule, 0, DT_NOEND, false);
		return true;
	}
	if (respond_share_allows(number))
		return false;
	if (respond_share_reports_slow(number))
		ereport(LOG,
				(errmsg("pg_respond sets events of rule \"%s\" aside because it takes too long", rule),
				 errdetail("They are handled one by one and get only a small share of the time, so that other rules are"
						   " not held up."),
				 errhint("Make its condition and its SQL faster.")));
	if (is_being_tried(event, rule))
		change(event->aside, event->aside->sqlerrcode, DT_NOEND, true);
	else
		insert(event, rule, 0, DT_NOEND, true);
	return true;
}

void
respond_aside_put(const Event *event, const char *rule, const ErrorData *error)
{
	if (respond_share_reports(respond_share_rule(rule), error->sqlerrcode))
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 rule[0] != '\0' ?
				 errmsg("pg_respond sets event " INT64_FORMAT " of type \"%s\" aside for rule \"%s\": %s",
						event->id, event->type, rule, error->message) :
				 errmsg("pg_respond sets event " INT64_FORMAT " of type \"%s\" aside: %s",
						event->id, event->type, error->message),
				 errdetail("It will be retried; view respond.set_aside tells when.")));
	if (is_being_tried(event, rule))
	{
		event->aside->tries++;
		change(event->aside, error->sqlerrcode, pause_from_now(event->aside->tries), false);
	}
	else
		insert(event, rule, error->sqlerrcode, pause_from_now(1), false);
}

void
respond_aside_without_rule(Event *event)
{
	Datum		values[1] = {CStringGetTextDatum(event->aside->rule)};
	int64		found;

	if (respond_kept_plan_int64(&find_rule, values, &found))
	{
		change(event->aside, event->aside->sqlerrcode, pause_from_now(INT_MAX), false);
		return;
	}
	respond_dead_event(event, event->aside->rule, "rule", "the rule was dropped before it could be applied again", 0);
}

bool
respond_aside_is_over(const AsideEntry *entry)
{
	return respond_retry_time >= 0 && entry->tries >= FEWEST_TRIES && respond_error_may_last(entry->sqlerrcode) &&
		TimestampDifferenceExceeds(entry->first_at, GetCurrentTimestamp(), respond_retry_time * 1000);
}

/* What a row stands for; NULL if the event is not in the log any more. */
static Event *
event_of(AsideRow *row)
{
	Event	   *event = respond_reader_fetch_id(row->event_id);

	if (event == NULL)
		return NULL;
	event->only_rule = row->entry.rule[0] != '\0' ? row->entry.rule : NULL;
	event->forced = row->forced;
	event->replay = row->replay;
	event->run_id = row->run_id;
	event->only_owner = row->rule_owner;
	event->aside = &row->entry;
	event->begins_at = row->place;
	return event;
}

static void
pass_row(const AsideRow *row)
{
	if (row->queue != 0)
		note_rule(row->rule)->position = row->queue;
	else
	{
		mark.due_at = row->due_at;
		mark.id = row->entry.id;
	}
}

static void
remove_row(const AsideRow *row)
{
	TimestampTz soon = GetCurrentTimestamp() + 1000;

	respond_aside_delete(row->entry.id);
	removed++;
	if (row->subject == NULL)
		return;
	/* what is due now may lie before the mark, what is due later does not */
	respond_aside_free_strand(respond_aside_strand(row->rule, row->subject), soon);
	next_due = Min(next_due, soon);
}

/*
 * The events of rows that were read.  Rows of other lanes are passed over; whoever
 * they belong to finds them.
 */
static List *
events_of(List *rows)
{
	List	   *events = NIL;
	ListCell   *cell;

	foreach(cell, rows)
	{
		AsideRow   *row = lfirst(cell);
		Event	   *event = NULL;

		CHECK_FOR_INTERRUPTS();
		if (is_mine(row))
		{
			event = event_of(row);
			if (event == NULL)
				remove_row(row);
		}
		if (event != NULL)
			events = lappend(events, event);
		else if (events == NIL)
			pass_row(row);
	}
	return events;
}

static List *
take_due(int limit, TimestampTz now)
{
	List	   *rows = respond_aside_read_due(mark.due_at, mark.id, limit);
	int			count = 0;

	next_due = list_length(rows) == limit ? 0 : DT_NOEND;
	while (count < list_length(rows) && ((AsideRow *) list_nth(rows, count))->due_at <= now)
		count++;
	if (count < list_length(rows))
		next_due = ((AsideRow *) list_nth(rows, count))->due_at;
	return events_of(list_truncate(rows, count));
}

static List *
take_queued(int limit)
{
	HASH_SEQ_STATUS status;
	AsideRule  *rule;
	AsideRule  *found = NULL;
	List	   *rows;

	hash_seq_init(&status, rules);
	while (found == NULL && (rule = hash_seq_search(&status)) != NULL)
	{
		if (rule->queued && respond_share_allows(rule->rule))
			found = rule;
	}
	if (found == NULL)
		return NIL;
	hash_seq_term(&status);
	rows = respond_aside_read_queue(found->rule, found->position, limit);
	if (rows == NIL)
		found->queued = false;
	return events_of(rows);
}

List *
respond_aside_take(int limit)
{
	TimestampTz now = GetCurrentTimestamp();
	List	   *events = NIL;

	if (!knows_rows())
		return NIL;
	if (now >= next_due)
		events = take_due(limit, now);
	if (events == NIL)
		events = take_queued(limit);
	return events;
}

void
respond_aside_finish(const Event *event)
{
	AsideRow   *row = (AsideRow *) event->aside;

	Assert(event->aside != NULL);
	pass_row(row);
	if (!row->entry.kept)
		remove_row(row);
}

void
respond_aside_commit(void)
{
	waiting += added - removed;
	added = removed = 0;
	committed_mark = mark;
	if (loaded && waiting <= 0 && hash_get_num_entries(rules) > 0)
	{
		waiting = 0;
		next_due = DT_NOEND;
		forget_rules();
	}
}

/* What was taken is there again, what was put is not. */
void
respond_aside_forget(void)
{
	HASH_SEQ_STATUS status;
	AsideRule  *rule;

	if (!loaded)
		return;
	if (waiting == 0)
	{
		/* the transaction may have been that of load() */
		loaded = false;
		added = removed = 0;
		return;
	}
	added = removed = 0;
	mark = committed_mark;
	next_due = 0;
	hash_seq_init(&status, rules);
	while ((rule = hash_seq_search(&status)) != NULL)
	{
		rule->queued = true;
		rule->position = 0;
	}
}

long
respond_aside_due(void)
{
	TimestampTz now;
	TimestampTz due = next_due;
	HASH_SEQ_STATUS status;
	AsideRule  *rule;

	if (!loaded)
		return 0;
	if (!knows_rows())
		return -1;
	if (seen_wakes != respond_wake_count() && next_pass < due)
		due = next_pass;
	hash_seq_init(&status, rules);
	while ((rule = hash_seq_search(&status)) != NULL)
	{
		if (rule->queued)
			due = Min(due, respond_share_ready_at(rule->rule));
	}
	if (due == DT_NOEND)
		return -1;
	now = GetCurrentTimestamp();
	return due <= now ? 0 : Max(1, TimestampDifferenceMilliseconds(now, due));
}
