/*-------------------------------------------------------------------------
 * metrics.c
 *	  What the metrics show: counters, times and states in shared memory.
 *
 * The table at the end lists the families.  All samples of a family stand
 * together, so each family goes through the databases.  Labels are bounded:
 * databases and workers by pg_respond.max_workers, rules and channels by the
 * places for names (effect/counter_name.h), what has none being "other".
 *
 * src/metrics/metrics.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/shmem.h"
#include "effect/channel_stats.h"
#include "effect/counter_name.h"
#include "effect/rule_stats.h"
#include "inbound/reason.h"
#include "metrics/metrics.h"
#include "worker/worker.h"

/* A database, as it was when the scrape began. */
typedef struct Scraped
{
	DatabaseSlot *slot;
	Oid			database;
	const char *name;
} Scraped;

typedef struct Scrape
{
	MetricText	text;
	Arena	   *arena;
	int			count;
	Scraped    *databases;
	int			worker_count;
	WorkerSlot *workers;		/* of these databases, copied */
	GatewayStatus gateway;		/* copied */
	const Scraped *current;		/* while its names are gone through */
} Scrape;

typedef struct ShownFamily
{
	MetricFamily family;
	void		(*show) (Scrape *scrape, int argument);
	int			argument;
} ShownFamily;

static uint64
count_of(const Scraped *scraped, int metric)
{
	return pg_atomic_read_u64(&scraped->slot->metrics.counts[metric]);
}

static double
since_1970(TimestampTz time)
{
	return (time + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / (double) USECS_PER_SEC;
}

static void
show_build(Scrape *scrape, int argument)
{
	respond_metric_text_info(&scrape->text,
							 (MetricLabel[]) {{"version", RESPOND_VERSION}, {"postgresql", PG_VERSION}, {NULL}});
}

static void
show_start(Scrape *scrape, int argument)
{
	respond_metric_text_seconds(&scrape->text, (MetricLabel[]) {{NULL}}, since_1970(respond_shared->started_at));
}

static void
show_restarts(Scrape *scrape, int argument)
{
	respond_metric_text_number(&scrape->text, (MetricLabel[]) {{NULL}}, respond_shared->restarts);
}

static void
show_missing(Scrape *scrape, int argument)
{
	respond_metric_text_number(&scrape->text, (MetricLabel[]) {{NULL}}, respond_shared->missing_workers);
}

static void
show_launcher(Scrape *scrape, int argument)
{
	respond_metric_text_number(&scrape->text, (MetricLabel[]) {{NULL}}, respond_shared->launcher_procno >= 0);
}

typedef enum GatewayFact
{
	GATEWAY_IS_UP,
	GATEWAY_STARTS,
	GATEWAY_CONNECTIONS,
	GATEWAY_ACCEPTED,
	GATEWAY_REFUSED
} GatewayFact;

static uint64
gateway_fact(const GatewayStatus *gateway, GatewayFact fact)
{
	switch (fact)
	{
		case GATEWAY_IS_UP:
			return gateway->is_open;
		case GATEWAY_STARTS:
			return gateway->starts;
		case GATEWAY_CONNECTIONS:
			return gateway->connections;
		case GATEWAY_ACCEPTED:
			return gateway->accepted;
		case GATEWAY_REFUSED:
			break;
	}
	return gateway->refused;
}

static void
show_gateway(Scrape *scrape, int fact)
{
	respond_metric_text_number(&scrape->text, (MetricLabel[]) {{NULL}}, gateway_fact(&scrape->gateway, fact));
}

static void
show_certificate(Scrape *scrape, int argument)
{
	if (scrape->gateway.certificate_end != 0)
		respond_metric_text_seconds(&scrape->text, (MetricLabel[]) {{NULL}},
									since_1970(scrape->gateway.certificate_end));
}

static void
show_count(Scrape *scrape, int metric)
{
	for (int i = 0; i < scrape->count; i++)
		respond_metric_text_number(&scrape->text, (MetricLabel[]) {{"database", scrape->databases[i].name}, {NULL}},
								   count_of(&scrape->databases[i], metric));
}

/* What a courier keeps up to date means nothing while there is none. */
static bool
has_courier(const Scraped *scraped)
{
	return pg_atomic_read_u32(&scraped->slot->courier) != 0;
}

static void
show_queued(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
		if (has_courier(&scrape->databases[i]))
			respond_metric_text_number(&scrape->text,
									   (MetricLabel[]) {{"database", scrape->databases[i].name}, {NULL}},
									   count_of(&scrape->databases[i], METRIC_DELIVERIES_QUEUED));
}

static void
show_breakers(Scrape *scrape, int argument)
{
	static const char *const kinds[] = {"host", "channel"};

	for (int i = 0; i < scrape->count; i++)
		for (int kind = 0; kind < lengthof(kinds) && has_courier(&scrape->databases[i]); kind++)
			respond_metric_text_number(&scrape->text,
									   (MetricLabel[]) {{"database", scrape->databases[i].name},
														{"kind", kinds[kind]}, {NULL}},
									   count_of(&scrape->databases[i], METRIC_BREAKERS_OPEN + kind));
}

static void
show_time(Scrape *scrape, int time)
{
	uint64		counts[METRIC_BOUNDS + 1];

	for (int i = 0; i < scrape->count; i++)
	{
		MetricHistogram *histogram = &scrape->databases[i].slot->metrics.times[time];

		for (int bucket = 0; bucket <= METRIC_BOUNDS; bucket++)
			counts[bucket] = pg_atomic_read_u64(&histogram->counts[bucket]);
		respond_metric_text_histogram(&scrape->text,
									  (MetricLabel[]) {{"database", scrape->databases[i].name}, {NULL}},
									  respond_metric_bounds, METRIC_BOUNDS, counts,
									  pg_atomic_read_u64(&histogram->sum));
	}
}

static void
show_hold(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
	{
		DatabaseSlot *slot = scrape->databases[i].slot;

		respond_metric_text_number(&scrape->text, (MetricLabel[]) {{"database", scrape->databases[i].name}, {NULL}},
								   pg_atomic_read_u32(&slot->hold) != 0 || pg_atomic_read_u32(&slot->manifest) != 0);
	}
}

/* Lanes that a dispatcher has looked after since the server started. */
static bool
lane_is_known(LaneStatus *lane)
{
	return pg_atomic_read_u64(&lane->cursor_at) != 0;
}

static void
show_lag_events(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
		for (int number = 0; number < RESPOND_MAX_LANES; number++)
		{
			LaneStatus *lane = &scrape->databases[i].slot->lanes[number];

			if (lane_is_known(lane))
				respond_metric_text_number(&scrape->text,
										   (MetricLabel[]) {{"database", scrape->databases[i].name},
															{"lane", psprintf("%d", number + 1)}, {NULL}},
										   pg_atomic_read_u64(&lane->pending));
		}
}

/*
 * While events wait that the dispatcher knows of, how old the last one is that
 * it had in hand; while there may be some that it has not looked for, how long
 * ago it looked.
 */
static double
lag_of(DatabaseSlot *slot, LaneStatus *lane)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz last = (TimestampTz) pg_atomic_read_u64(&lane->last_recorded_at);
	TimestampTz since = now;

	if (pg_atomic_read_u64(&lane->pending) > 0 && last != 0)
		since = Min(since, last);
	if (pg_atomic_read_u64(&lane->seen_wakes) < pg_atomic_read_u64(&slot->wakes))
		since = Min(since, (TimestampTz) pg_atomic_read_u64(&lane->cursor_at));
	return (now - since) / (double) USECS_PER_SEC;
}

static void
show_lag_seconds(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
		for (int number = 0; number < RESPOND_MAX_LANES; number++)
		{
			LaneStatus *lane = &scrape->databases[i].slot->lanes[number];

			if (lane_is_known(lane))
				respond_metric_text_seconds(&scrape->text,
											(MetricLabel[]) {{"database", scrape->databases[i].name},
															 {"lane", psprintf("%d", number + 1)}, {NULL}},
											lag_of(scrape->databases[i].slot, lane));
		}
}

static void
show_runs_of(Scrape *scrape, const char *rule, int status, uint64 count)
{
	respond_metric_text_number(&scrape->text,
							   (MetricLabel[]) {{"database", scrape->current->name}, {"rule", rule},
												{"status", respond_rule_status_word(status)}, {NULL}}, count);
}

static void
show_rule(void *context, uint64 key, const char *name)
{
	for (int status = 0; status < METRIC_RUN_STATUSES; status++)
		show_runs_of(context, name, status, respond_rule_stats_read(key, status));
}

static void
show_runs(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
	{
		scrape->current = &scrape->databases[i];
		respond_counter_name_each(COUNTER_NAME_RULE, scrape->current->database, show_rule, scrape);
		for (int status = 0; status < METRIC_RUN_STATUSES; status++)
			show_runs_of(scrape, COUNTER_NAME_OTHER, status, count_of(scrape->current, METRIC_RUNS + status));
	}
}

static void
show_deliveries_of(Scrape *scrape, const char *channel, int what, uint64 count)
{
	respond_metric_text_number(&scrape->text,
							   (MetricLabel[]) {{"database", scrape->current->name}, {"channel", channel},
												{"status", respond_channel_count_word(what)}, {NULL}}, count);
}

static void
show_channel(void *context, uint64 key, const char *name)
{
	for (int what = 0; what < METRIC_DELIVERY_STATUSES; what++)
		show_deliveries_of(context, name, what, respond_channel_stats_read(key, what));
}

static void
show_deliveries(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
	{
		scrape->current = &scrape->databases[i];
		respond_counter_name_each(COUNTER_NAME_CHANNEL, scrape->current->database, show_channel, scrape);
		for (int what = 0; what < METRIC_DELIVERY_STATUSES; what++)
			show_deliveries_of(scrape, COUNTER_NAME_OTHER, what, count_of(scrape->current, METRIC_DELIVERIES + what));
	}
}

/* The listener is in no database. */
static const char *
name_of(const Scrape *scrape, Oid database)
{
	if (!OidIsValid(database))
		return "";
	for (int i = 0; i < scrape->count; i++)
		if (scrape->databases[i].database == database)
			return scrape->databases[i].name;
	return NULL;
}

static bool
is_same_worker(const WorkerSlot *a, const WorkerSlot *b)
{
	return a->database == b->database && a->kind == b->kind && a->lane == b->lane;
}

/* One that ends and its successor have a slot each, and are shown as one: the one that runs. */
static const WorkerSlot *
shown_worker(const Scrape *scrape, int number)
{
	const WorkerSlot *shown = &scrape->workers[number];

	for (int i = 0; i < scrape->worker_count; i++)
	{
		const WorkerSlot *other = &scrape->workers[i];

		if (!is_same_worker(other, shown))
			continue;
		if (i < number)
			return NULL;
		if (other->state == WORKER_RUNNING)
			shown = other;
	}
	return shown;
}

typedef enum WorkerFact
{
	WORKER_IS_UP,
	WORKER_ERRORS_IN_ROW
} WorkerFact;

static uint64
worker_fact(const WorkerSlot *worker, WorkerFact fact)
{
	if (fact == WORKER_IS_UP)
		return worker->state == WORKER_RUNNING;
	return pg_atomic_read_u32(&unconstify(WorkerSlot *, worker)->errors_in_row);
}

static void
show_workers(Scrape *scrape, int fact)
{
	for (int i = 0; i < scrape->worker_count; i++)
	{
		const WorkerSlot *worker = shown_worker(scrape, i);

		if (worker != NULL)
			respond_metric_text_number(&scrape->text,
									   (MetricLabel[]) {{"database", name_of(scrape, worker->database)},
														{"kind", respond_worker_kind_name(worker->kind)},
														{"lane", psprintf("%d", worker->lane + 1)}, {NULL}},
									   worker_fact(worker, fact));
	}
}

/* What the last error was of those that do nothing but fail. */
static void
show_failing(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->worker_count; i++)
	{
		WorkerSlot *worker = unconstify(WorkerSlot *, shown_worker(scrape, i));
		int			error;

		if (worker == NULL || worker_fact(worker, WORKER_ERRORS_IN_ROW) == 0)
			continue;
		error = (int) pg_atomic_read_u32(&worker->last_error);
		respond_metric_text_number(&scrape->text,
								   (MetricLabel[]) {{"database", name_of(scrape, worker->database)},
													{"kind", respond_worker_kind_name(worker->kind)},
													{"lane", psprintf("%d", worker->lane + 1)},
													{"sqlstate", unpack_sql_state(error)}, {NULL}}, 1);
	}
}

static void
show_worker_errors(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
		for (int kind = 0; kind <= WORKER_LAST_KIND; kind++)
			respond_metric_text_number(&scrape->text,
									   (MetricLabel[]) {{"database", scrape->databases[i].name},
														{"kind", respond_worker_kind_name(kind)}, {NULL}},
									   count_of(&scrape->databases[i], METRIC_WORKER_ERRORS + kind));
}

static void
show_inbound(Scrape *scrape, int argument)
{
	for (int i = 0; i < scrape->count; i++)
		for (int reason = 0; reason <= INBOUND_LAST_REASON; reason++)
			respond_metric_text_number(&scrape->text,
									   (MetricLabel[]) {{"database", scrape->databases[i].name},
														{"outcome", reason == INBOUND_ACCEPTED ? "accepted" :
														 respond_inbound_reason_word(reason)}, {NULL}},
									   count_of(&scrape->databases[i], METRIC_INBOUND_REQUESTS + reason));
}

StaticAssertDecl(INBOUND_LAST_REASON < METRIC_INBOUND_REASONS, "each reason has a counter");
StaticAssertDecl(WORKER_LAST_KIND < METRIC_WORKER_KINDS, "each kind of worker has a counter");

static const ShownFamily families[] = {
	{{"pg_respond_build", METRIC_INFO, NULL, "Versions of the library and of PostgreSQL."}, show_build},
	{{"pg_respond_start_time_seconds", METRIC_GAUGE, "seconds",
	  "When counting began, the start of the server or its restart after a crash, since 1970."}, show_start},
	{{"pg_respond_crash_restarts", METRIC_COUNTER, NULL, "How often the server lost a process and began anew."},
	 show_restarts},
	{{"pg_respond_launcher_up", METRIC_GAUGE, NULL, "Whether the launcher runs."}, show_launcher},
	{{"pg_respond_workers_missing", METRIC_GAUGE, NULL, "Workers of the cluster that there was no place for."},
	 show_missing},
	{{"pg_respond_worker_up", METRIC_GAUGE, NULL, "Whether a worker runs."}, show_workers, WORKER_IS_UP},
	{{"pg_respond_worker_errors_in_row", METRIC_GAUGE, NULL,
	  "Errors of a worker since something last went well."}, show_workers, WORKER_ERRORS_IN_ROW},
	{{"pg_respond_worker_failing", METRIC_GAUGE, NULL, "The last error of each worker whose last try failed."},
	 show_failing},
	{{"pg_respond_worker_errors", METRIC_COUNTER, NULL, "Errors that workers caught."}, show_worker_errors},
	{{"pg_respond_gateway_up", METRIC_GAUGE, NULL, "Whether the program of the gateway runs and listens."},
	 show_gateway, GATEWAY_IS_UP},
	{{"pg_respond_gateway_starts", METRIC_COUNTER, NULL, "How often the program of the gateway was started."},
	 show_gateway, GATEWAY_STARTS},
	{{"pg_respond_gateway_connections", METRIC_GAUGE, NULL, "Connections to the gateway."},
	 show_gateway, GATEWAY_CONNECTIONS},
	{{"pg_respond_gateway_connections_accepted", METRIC_COUNTER, NULL,
	  "Connections that the gateway accepted since its program was started."}, show_gateway, GATEWAY_ACCEPTED},
	{{"pg_respond_gateway_connections_refused", METRIC_COUNTER, NULL,
	  "Connections that the gateway refused since then."}, show_gateway, GATEWAY_REFUSED},
	{{"pg_respond_gateway_certificate_end_seconds", METRIC_GAUGE, "seconds",
	  "When the certificate of the gateway expires, since 1970."}, show_certificate},
	{{"pg_respond_holding", METRIC_GAUGE, NULL, "Whether the workers of a database are paused."}, show_hold},
	{{"pg_respond_events_recorded", METRIC_COUNTER, NULL, "Events that were recorded and committed."},
	 show_count, METRIC_EVENTS_RECORDED},
	{{"pg_respond_events_handled", METRIC_COUNTER, NULL, "Events that dispatchers have handled, replays included."},
	 show_count, METRIC_EVENTS_HANDLED},
	{{"pg_respond_lag_events", METRIC_GAUGE, NULL,
	  "Events that a dispatcher has found and not yet handled."}, show_lag_events},
	{{"pg_respond_lag_seconds", METRIC_GAUGE, "seconds", "How far a dispatcher is behind."}, show_lag_seconds},
	{{"pg_respond_batches", METRIC_COUNTER, NULL, "Transactions in which dispatchers handled events."},
	 show_count, METRIC_BATCHES},
	{{"pg_respond_batch_duration_seconds", METRIC_HISTOGRAM, "seconds", "How long these transactions took."},
	 show_time, METRIC_BATCH_DURATION},
	{{"pg_respond_runs", METRIC_COUNTER, NULL, "Runs of rules that have ended, by what became of them."}, show_runs},
	{{"pg_respond_run_latency_seconds", METRIC_HISTOGRAM, "seconds",
	  "From the recording of an event to the commit of the end of a run."}, show_time, METRIC_RUN_LATENCY},
	{{"pg_respond_run_duration_seconds", METRIC_HISTOGRAM, "seconds",
	  "From the start of a run to its end, with the time in which it waited."}, show_time, METRIC_RUN_DURATION},
	{{"pg_respond_deliveries", METRIC_COUNTER, NULL, "Tries to deliver, by what came of them."}, show_deliveries},
	{{"pg_respond_delivery_duration_seconds", METRIC_HISTOGRAM, "seconds", "How long these tries took."},
	 show_time, METRIC_DELIVERY_DURATION},
	{{"pg_respond_deliveries_queued", METRIC_GAUGE, NULL, "Deliveries that the courier has in mind."}, show_queued},
	{{"pg_respond_breakers_open", METRIC_GAUGE, NULL, "Circuit breakers that are open."}, show_breakers},
	{{"pg_respond_inbound_requests", METRIC_COUNTER, NULL, "Requests to inbound sources, by what came of them."},
	 show_inbound},
	{{"pg_respond_inbound_events", METRIC_COUNTER, NULL, "Events that inbound requests brought."},
	 show_count, METRIC_INBOUND_EVENTS},
	{{"pg_respond_inbound_duplicates", METRIC_COUNTER, NULL, "Events of inbound requests that were known already."},
	 show_count, METRIC_INBOUND_DUPLICATES},
	{{"pg_respond_streams_open", METRIC_GAUGE, NULL, "Streams that are followed now."},
	 show_count, METRIC_STREAMS_OPEN},
	{{"pg_respond_streams_opened", METRIC_COUNTER, NULL, "Streams that were opened."},
	 show_count, METRIC_STREAMS_OPENED},
	{{"pg_respond_streams_cut", METRIC_COUNTER, NULL, "Streams that were cut off because their reader was too slow."},
	 show_count, METRIC_STREAMS_CUT},
	{{"pg_respond_streams_reset", METRIC_COUNTER, NULL, "Streams whose reader was told that it has missed events."},
	 show_count, METRIC_STREAMS_RESET},
	{{"pg_respond_stream_events", METRIC_COUNTER, NULL, "Events that were sent to streams, once for each stream."},
	 show_count, METRIC_STREAM_EVENTS},
};

/* A database that was dropped may leave its place a moment after another one was given its name. */
static bool
has_name(const Scrape *scrape, const char *name)
{
	for (int i = 0; i < scrape->count; i++)
		if (strcmp(scrape->databases[i].name, name) == 0)
			return true;
	return false;
}

static void
find_databases(Scrape *scrape, Oid database)
{
	scrape->databases = respond_arena_alloc(scrape->arena, sizeof(Scraped) * respond_shared->database_count);
	for (int i = 0; i < respond_shared->database_count; i++)
	{
		DatabaseSlot *slot = &respond_shared->databases[i];
		Oid			found = pg_atomic_read_u32(&slot->database);

		if (!OidIsValid(found) || (OidIsValid(database) && found != database) ||
			has_name(scrape, slot->metrics.database))
			continue;
		scrape->databases[scrape->count++] = (Scraped) {slot, found,
			respond_arena_copy(scrape->arena, slot->metrics.database, strlen(slot->metrics.database))};
	}
}

static void
copy_workers(Scrape *scrape)
{
	scrape->workers = respond_arena_alloc(scrape->arena, sizeof(WorkerSlot) * respond_shared->slot_count);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		const WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state != WORKER_FREE && name_of(scrape, slot->database) != NULL)
			scrape->workers[scrape->worker_count++] = *slot;
	}
}

JsonText
respond_metrics_write(Arena *arena, Oid database, bool open)
{
	Scrape		scrape = {.arena = arena};

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	find_databases(&scrape, database);
	copy_workers(&scrape);
	scrape.gateway = respond_shared->gateway;
	LWLockRelease(respond_shared->lock);

	respond_metric_text_begin(&scrape.text, arena, open);
	for (int i = 0; i < lengthof(families); i++)
	{
		respond_metric_text_family(&scrape.text, &families[i].family);
		families[i].show(&scrape, families[i].argument);
	}
	respond_metric_text_end(&scrape.text);
	return scrape.text.text;
}
