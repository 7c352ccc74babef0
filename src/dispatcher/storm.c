/*-------------------------------------------------------------------------
 * storm.c
 *	  Rules that multiply their own events are stopped.
 *
 * max_depth ends a loop, but a rule that records four events like the one that
 * it answers makes 4^16 of them before.  So each rule's runs for events that
 * rules caused are counted by depth.  Numbers that grow from depth to depth are
 * a storm if they have become large and the rule itself is among the causes;
 * fan-out of other rules, and loops that do not multiply, are none, however many
 * events there are.
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
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/guc.h"
#include "common/kept_plan.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/storm.h"
#include "event/event_write.h"

/* Growth over all depths that tells a storm from a loop. */
#define GROWTH				8

/* Depths that are counted apart; what is deeper counts as the last. */
#define DEPTHS				32

/* A rule that caused nothing for so long begins anew. */
#define QUIET_MS			60000

/* Stopped rules are read again after a commit, so often at most. */
#define LOOK_EVERY_MS		500

typedef struct Counts
{
	uint64		rule;			/* hash key */
	TimestampTz at;				/* of the last event */
	uint32		runs[DEPTHS];
	uint32		next_check;		/* the causes are looked at when so many runs are in one depth */
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
	"INSERT INTO respond_internal.stopped_rule AS s (rule, version, event_id, runs) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (rule) DO UPDATE SET version = excluded.version, event_id = excluded.event_id,"
	" runs = excluded.runs, since = pg_catalog.now()"
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

static Counts *
count_run(uint64 rule, int depth)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	Counts	   *entry;
	bool		found;

	if (counts == NULL)
		counts = new_table("pg_respond runs of rules by depth", sizeof(Counts));
	entry = hash_search(counts, &rule, HASH_ENTER, &found);
	if (!found || TimestampDifferenceExceeds(entry->at, now, QUIET_MS))
	{
		memset(entry->runs, 0, sizeof(entry->runs));
		entry->next_check = 0;
	}
	entry->at = now;
	entry->runs[depth]++;
	return entry;
}

/* Whether there are so many runs at this depth, and far fewer at one before. */
static bool
grows(const Counts *entry, int depth)
{
	if (entry->runs[depth] < respond_storm_limit || entry->runs[depth] < entry->next_check)
		return false;
	for (int before = 1; before < depth; before++)
	{
		if (entry->runs[before] > 0 && entry->runs[depth] / GROWTH >= entry->runs[before])
			return true;
	}
	return false;
}

/* Whether the rule recorded the event, or one of those that led to it, but for the first. */
static bool
is_among_causes(const Rule *rule, const Event *event)
{
	char	   *actor = psprintf("rule:%s", rule->name);
	const Event *cause = event;

	for (int i = 0; cause != NULL && i <= event->depth; i++)
	{
		if (cause->actor != NULL && strcmp(cause->actor, actor) == 0)
			return true;
		cause = cause->has_cause ? respond_reader_fetch_id(cause->cause) : NULL;
	}
	return false;
}

static void
push_text(JsonbParseState **state, const char *key, const char *value)
{
	JsonbValue	text = {.type = jbvString};

	text.val.string.val = unconstify(char *, key);
	text.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &text);
	text.val.string.val = unconstify(char *, value);
	text.val.string.len = strlen(value);
	pushJsonbValue(state, WJB_VALUE, &text);
}

static void
push_number(JsonbParseState **state, const char *key, int64 value)
{
	JsonbValue	text = {.type = jbvString};
	JsonbValue	number = {.type = jbvNumeric};

	text.val.string.val = unconstify(char *, key);
	text.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &text);
	number.val.numeric = int64_to_numeric(value);
	pushJsonbValue(state, WJB_VALUE, &number);
}

static void
record_storm(const Rule *rule, const Event *event, int64 runs)
{
	JsonbParseState *state = NULL;
	NewEvent	storm = {.type = "rule.storm",.actor = "dispatcher",.cause = event->id,.depth = 1};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "rule", rule->name);
	push_number(&state, "version", rule->version);
	push_number(&state, "event_id", event->id);
	push_text(&state, "event_type", event->type);
	push_number(&state, "depth", event->depth);
	push_number(&state, "runs", runs);
	storm.data = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	/* subjects have a limit, names of rules have none */
	storm.subject = strlen(rule->name) <= 1000 ? psprintf("rule/%s", rule->name) : NULL;
	respond_event_write(&storm, 1);
	ereport(LOG,
			(errcode(ERRCODE_RESPOND_LIMIT),
			 errmsg("pg_respond stopped rule \"%s\": it multiplies its own events", rule->name),
			 errdetail("It was applied to " INT64_FORMAT " events of depth %d.", runs, event->depth),
			 errhint("Change the rule, or call respond.resume_rule().")));
}

static void
stop(const Rule *rule, const Event *event, int64 runs)
{
	Datum		values[4];
	bool		new;

	values[0] = CStringGetTextDatum(rule->name);
	values[1] = Int32GetDatum(rule->version);
	values[2] = Int64GetDatum(event->id);
	values[3] = Int64GetDatum(runs);
	SPI_connect();
	new = respond_kept_plan_run(&stop_rule, values, NULL) > 0;
	SPI_finish();
	if (new)
		record_storm(rule, event, runs);
	note_stopped(respond_share_rule(rule->name), rule->version);
}

static bool
is_stopped(const Rule *rule, uint64 number)
{
	StoppedRule *entry = hash_search(stopped, &number, HASH_FIND, NULL);

	return entry != NULL && entry->version == rule->version;
}

bool
respond_storm_stops(const Rule *rule, const Event *event)
{
	uint64		number;
	int			depth = Min(event->depth, DEPTHS - 1);
	Counts	   *entry;

	if (depth < 1 || event->replay || event->forced || event->actor == NULL || strncmp(event->actor, "rule:", 5) != 0)
		return false;
	number = respond_share_rule(rule->name);
	if (!is_stopped(rule, number))
	{
		if (respond_storm_limit < 0)
			return false;
		entry = count_run(number, depth);
		if (!grows(entry, depth))
			return false;
		if (!is_among_causes(rule, event))
		{
			entry->next_check = entry->runs[depth] * 2;
			return false;
		}
		stop(rule, event, entry->runs[depth]);
	}
	respond_dead_event(event, rule->name, "storm",
					   "the rule is stopped because it multiplies its own events; change it, or call respond.resume_rule()", 0);
	return true;
}
