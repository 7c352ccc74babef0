/*-------------------------------------------------------------------------
 * storm.c
 *	  Rules that multiply their own events are stopped.
 *
 * max_depth ends a loop, but a rule that records four events like the one that
 * it answers makes 4^16 of them before.  So what each rule causes, events,
 * tickets and deliveries, is counted by the depth of the events that come of it.
 * Numbers that grow from depth to depth are a storm if they have become large and
 * the rule itself is among the causes; fan-out of other rules, loops that do not
 * multiply, and a rule that is applied to many events but does nothing for most
 * of them, are none, however many events there are.
 *
 * A stopped rule is a row of respond_internal.stopped_rule.  It is still applied
 * to events from outside; those that rules caused become dead letters for it.
 * The event rule.storm is recorded once.  It is not counted, because no rule
 * records it.  A change of the rule, or respond.resume_rule(), ends it.
 *
 * Counts are of this process alone, and begin anew when a rule had nothing to
 * do with caused events for a while.
 *
 * src/dispatcher/storm.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/guc.h"
#include "common/jsonb_push.h"
#include "common/kept_plan.h"
#include "dispatcher/dead_event.h"
#include "dispatcher/reader.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/storm.h"
#include "event/event_write.h"

/* Growth over all depths that tells a storm from a loop. */
#define GROWTH				8

/* A storm goes through so many depths, from which the rule caused something. */
#define FEWEST_DEPTHS		3

/* So many times pg_respond.storm_limit is a storm before its events are seen to multiply further. */
#define VERY_MUCH			50

/* Depths that are counted apart; what is deeper counts as the last. */
#define DEPTHS				32

/* A rule that caused nothing for so long begins anew. */
#define QUIET_MS			60000

/* Stopped rules are read again after a commit, so often at most. */
#define LOOK_EVERY_MS		500

typedef struct Counts
{
	uint64		rule;			/* hash key */
	TimestampTz at;				/* of the last run that caused something */
	int64		caused[DEPTHS];
	uint32		productive;		/* depths of events that it caused something for, as bits */
	int64		next_check;		/* the causes are looked at when so much was caused at one depth */
} Counts;

typedef struct StoppedRule
{
	uint64		rule;			/* hash key */
	int32		version;
} StoppedRule;

static HTAB *counts = NULL;
static HTAB *stopped = NULL;
static bool loaded = false;
static uint64 seen_wakes;
static TimestampTz looked_at;

static KeptPlan read_stopped = {
	"SELECT s.rule, s.version FROM respond_internal.stopped_rule AS s"
};
static KeptPlan stop_rule = {
	"INSERT INTO respond_internal.stopped_rule AS s (rule, version, event_id, caused) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (rule) DO UPDATE SET version = excluded.version, event_id = excluded.event_id,"
	" caused = excluded.caused, since = pg_catalog.now()"
	" WHERE s.version OPERATOR(pg_catalog.<>) excluded.version",
	4, {TEXTOID, INT4OID, INT8OID, INT8OID}
};

static HTAB *
new_table(const char *name, Size entry)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = entry};

	return hash_create(name, 32, &control, HASH_ELEM | HASH_BLOBS);
}

static void
note_stopped(uint64 rule, int32 version)
{
	StoppedRule *entry = hash_search(stopped, &rule, HASH_ENTER, NULL);

	entry->version = version;
}

void
respond_storm_look(uint64 wakes)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	if (loaded && (wakes == seen_wakes || !TimestampDifferenceExceeds(looked_at, now, LOOK_EVERY_MS)))
		return;
	if (stopped != NULL)
		hash_destroy(stopped);
	stopped = new_table("pg_respond stopped rules", sizeof(StoppedRule));
	SPI_connect();
	respond_kept_plan_run(&read_stopped, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		is_null;
		char	   *name = TextDatumGetCString(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));

		note_stopped(respond_share_rule(name),
					 DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null)));
	}
	SPI_finish();
	loaded = true;
	seen_wakes = wakes;
	looked_at = now;
}

void
respond_storm_forget(void)
{
	loaded = false;
}

void
respond_storm_count(const Rule *rule, const Event *event, int64 caused)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	uint64		number;
	Counts	   *entry;
	bool		found;

	if (caused <= 0 || respond_storm_limit < 0)
		return;
	if (counts == NULL)
		counts = new_table("pg_respond what rules cause", sizeof(Counts));
	number = respond_share_rule(rule->name);
	entry = hash_search(counts, &number, HASH_ENTER, &found);
	if (!found || TimestampDifferenceExceeds(entry->at, now, QUIET_MS))
	{
		memset(entry->caused, 0, sizeof(entry->caused));
		entry->productive = 0;
		entry->next_check = 0;
	}
	entry->at = now;
	entry->caused[Min(event->depth + 1, DEPTHS - 1)] += caused;
	if (event->depth > 0)
		entry->productive |= (uint32) 1 << Min(event->depth, DEPTHS - 1);
}

/*
 * Whether so much was caused at this depth, and far less at one before.  What came
 * of a few depths may be fan-out that ends there, unless it is very much.
 */
static bool
grows(const Counts *entry, int depth)
{
	if (depth >= DEPTHS || entry->caused[depth] < respond_storm_limit || entry->caused[depth] < entry->next_check)
		return false;
	if (pg_popcount32(entry->productive) < FEWEST_DEPTHS && entry->caused[depth] / VERY_MUCH < respond_storm_limit)
		return false;
	for (int before = 1; before < depth; before++)
	{
		if (entry->caused[before] > 0 && entry->caused[depth] / GROWTH >= entry->caused[before])
			return true;
	}
	return false;
}

/* The rule that recorded the event, or whose delivery it tells of; NULL: none. */
static const char *
rule_behind(const Event *event)
{
	JsonbValue	key = {.type = jbvString,.val.string = {4, "rule"}};
	JsonbValue *rule;

	if (event->actor == NULL)
		return NULL;
	if (strncmp(event->actor, "rule:", 5) == 0)
		return event->actor + 5;
	if (strcmp(event->actor, "courier") != 0 || event->data == NULL || !JB_ROOT_IS_OBJECT(event->data))
		return NULL;
	rule = findJsonbValueFromContainer(&event->data->root, JB_FOBJECT, &key);
	return rule != NULL && rule->type == jbvString ? pnstrdup(rule->val.string.val, rule->val.string.len) : NULL;
}

/* Whether the rule recorded the event, or one of those that led to it, but for the first. */
static bool
is_among_causes(const Rule *rule, const Event *event)
{
	const Event *cause = event;

	for (int i = 0; cause != NULL && i <= event->depth; i++)
	{
		const char *behind = rule_behind(cause);

		if (behind != NULL && strcmp(behind, rule->name) == 0)
			return true;
		cause = cause->has_cause ? respond_reader_fetch_id(cause->cause) : NULL;
	}
	return false;
}

static void
record_storm(const Rule *rule, const Event *event, int64 caused)
{
	JsonbParseState *state = NULL;
	NewEvent	storm = {.type = "rule.storm",.actor = "dispatcher",.cause = event->id,.depth = 1};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "rule", rule->name);
	respond_jsonb_push_int64(&state, "version", rule->version);
	respond_jsonb_push_int64(&state, "event_id", event->id);
	respond_jsonb_push_text(&state, "event_type", event->type);
	respond_jsonb_push_int64(&state, "depth", event->depth);
	respond_jsonb_push_int64(&state, "caused", caused);
	storm.data = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	/* subjects have a limit, names of rules have none */
	storm.subject = strlen(rule->name) <= 1000 ? psprintf("rule/%s", rule->name) : NULL;
	respond_event_write(&storm, 1);
	ereport(LOG,
			(errcode(ERRCODE_RESPOND_LIMIT),
			 errmsg("pg_respond stopped rule \"%s\": it multiplies its own events", rule->name),
			 errdetail("It caused " INT64_FORMAT " events, tickets and deliveries, up to event " INT64_FORMAT
					   " of depth %d.",
					   caused, event->id, event->depth),
			 errhint("Change the rule, or call respond.resume_rule().")));
}

static void
stop(const Rule *rule, const Event *event, int64 caused)
{
	Datum		values[4];
	bool		new;

	values[0] = CStringGetTextDatum(rule->name);
	values[1] = Int32GetDatum(rule->version);
	values[2] = Int64GetDatum(event->id);
	values[3] = Int64GetDatum(caused);
	SPI_connect();
	new = respond_kept_plan_run(&stop_rule, values, NULL) > 0;
	SPI_finish();
	if (new)
		record_storm(rule, event, caused);
	note_stopped(respond_share_rule(rule->name), rule->version);
}

static bool
is_stopped(const Rule *rule, uint64 number)
{
	StoppedRule *entry = hash_search(stopped, &number, HASH_FIND, NULL);

	return entry != NULL && entry->version == rule->version;
}

/* Stops the rule if what it causes grows; what it will cause next counts too, where it is known. */
static bool
breaks_out(const Rule *rule, const Event *event, uint64 number)
{
	Counts	   *entry;
	int			depth = Min(event->depth, DEPTHS - 1);

	if (counts == NULL || respond_storm_limit < 0)
		return false;
	entry = hash_search(counts, &number, HASH_FIND, NULL);
	if (entry == NULL)
		return false;
	if (grows(entry, depth + 1))
		depth++;
	else if (!grows(entry, depth))
		return false;
	if (!is_among_causes(rule, event))
	{
		entry->next_check = entry->caused[depth] * 2;
		return false;
	}
	stop(rule, event, entry->caused[depth]);
	return true;
}

bool
respond_storm_stops(const Rule *rule, const Event *event)
{
	uint64		number;

	if (event->depth < 1 || event->replay || rule_behind(event) == NULL)
		return false;
	number = respond_share_rule(rule->name);
	if (!is_stopped(rule, number) && !breaks_out(rule, event, number))
		return false;
	respond_dead_event(event, rule->name, "storm",
					   "the rule is stopped because it multiplies its own events; change it, or call"
					   " respond.resume_rule()", 0);
	return true;
}
