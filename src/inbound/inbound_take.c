/*-------------------------------------------------------------------------
 * inbound_take.c
 *	  Requests below /in/ and /v2/enqueue: taken, and recorded as events.
 *
 * A request is judged in an order that its sender can rely on: source, method,
 * size, rate, network, signature, age, challenge, events.  Then the events of
 * all requests of the turn are recorded together.  Should anything raise an
 * error, nothing of that is left, and each request is taken by itself.
 *
 * src/inbound/inbound_take.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/contain.h"
#include "common/durable.h"
#include "common/error_class.h"
#include "common/life.h"
#include "common/shape.h"
#include "event/producer.h"
#include "inbound/callback_take.h"
#include "inbound/inbound_answer.h"
#include "inbound/inbound_count.h"
#include "inbound/inbound_take.h"
#include "inbound/public_url.h"
#include "inbound/request_body.h"
#include "inbound/request_path.h"
#include "inbound/source_cache.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

#define SOURCE_PREFIX	"/in/"
#define PAGERDUTY_PATH	"/v2/enqueue"

/* What is made of the requests of a turn in all; those for which it does not suffice shall come again. */
#define TURN_MOST_MADE	((size_t) 128 * 1024 * 1024)

/* A request on its way. */
typedef struct Taken
{
	const WebRequest *request;
	const CachedSource *cached; /* NULL: there is none */
	InboundVerdict verdict;
	int64		wait;			/* seconds until the rate lets the next one through */
	int			first_event;	/* among those of the turn */
	int			known;
	bool		is_call;		/* of a peer that ends a step; what follows stays as it is */
	CallbackVerdict call;
	bool		is_busy;		/* our own fault: it shall come again */
	bool		is_sample;		/* of what was refused */
	bool	   *is_counted;		/* the rate has let it through, before it was taken by itself */
} Taken;

typedef struct Turn
{
	Arena	   *arena;
	int			count;
	Taken	   *requests;
	const SourceCache *cache;
	size_t		made;			/* bytes, by templates and otherwise */
	int			event_count;
	NewEvent   *events;
	bool		needs_disk;		/* some answer holds only when all that was committed is on disk */
} Turn;

/* Sources had been read so often when their limits were asked for. */
static uint64 limits_of = 0;

static void
refuse(Taken *taken, InboundReason reason, const char *detail)
{
	taken->verdict = (InboundVerdict) {.reason = reason,.detail = detail};
}

/* Which of the sources that take events of PagerDuty's Events API has the key; all are asked. */
static const CachedSource *
find_by_routing_key(Turn *turn, Taken *taken)
{
	const CachedSource *found = NULL;
	RequestBody body = {BODY_EMPTY};
	bool		is_any = false;

	for (int i = 0; i < turn->cache->count; i++)
	{
		const InboundSource *source = turn->cache->sources[i].source;
		const char *key;

		if (!source->scheme.answers_as_pagerduty || !source->enabled)
			continue;
		if (!is_any && taken->request->body_length <= SOURCE_LARGEST_BODY)
			respond_request_body_read(turn->arena, taken->request, &body);
		is_any = true;
		if (source->scheme.scheme.signature_place == NULL ||
			respond_request_path_find(turn->arena, taken->request, body.tree, source->scheme.scheme.signature_place,
									  &key) != PATH_FOUND)
			continue;
		for (int j = 0; j < source->key_count; j++)
			if (respond_signature_is_secret(&source->keys[j], key, strlen(key)))
				found = &turn->cache->sources[i];
	}
	if (found == NULL && is_any)
		refuse(taken, taken->request->flaw == WEB_TOO_LARGE ? INBOUND_SIZE : INBOUND_SIGNATURE,
			   "no source has this routing_key");
	return found;
}

static const CachedSource *
find_by_path(const Turn *turn, const char *path)
{
	char	   *name = pstrdup(path + strlen(SOURCE_PREFIX));
	size_t		length = strlen(name);

	if (length > 0 && name[length - 1] == '/')
		name[length - 1] = '\0';
	return respond_source_cache_find(turn->cache, name);
}

/* Finds the source; without one, the verdict says so. */
static void
route(Turn *turn, Taken *taken)
{
	const char *path = taken->request->path;

	refuse(taken, INBOUND_NO_SOURCE, NULL);
	if (strcmp(path, PAGERDUTY_PATH) == 0)
		taken->cached = find_by_routing_key(turn, taken);
	else if (strncmp(path, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0)
		taken->cached = find_by_path(turn, path);
	if (taken->cached == NULL)
		return;
	if (taken->cached->source->enabled)
		refuse(taken, INBOUND_ACCEPTED, NULL);
	else
		refuse(taken, INBOUND_NO_SOURCE, "the source is disabled");
}

static bool
is_let_through(const CachedSource *cached, Taken *taken)
{
	const InboundSource *source = cached->source;

	if (source->rate_limit > 0 && !*taken->is_counted &&
		!respond_rate_take(&cached->state->rate, source->rate_limit, Max(source->rate_limit, 1.0),
						   GetCurrentTimestamp(), &taken->wait))
		refuse(taken, INBOUND_RATE, NULL);
	else if (source->network_count > 0 &&
			 !respond_network_list_has(source->networks, source->network_count, taken->request->peer))
		refuse(taken, INBOUND_NETWORK, *taken->request->peer == '\0' ? "it came through a Unix socket" : NULL);
	*taken->is_counted = true;
	return taken->verdict.reason == INBOUND_ACCEPTED;
}

/* CloudEvents name their source themselves. */
static void
check_producers(Taken *taken)
{
	for (int i = 0; i < taken->verdict.event_count; i++)
	{
		const char *source = taken->verdict.events[i].source;

		if (respond_producer_fault(GetUserId(), source, strlen(source)) == NULL)
			continue;
		refuse(taken, INBOUND_INVALID_EVENT, "its source is given to another producer by respond.producer");
		taken->verdict.said = "its source is not one of this sender's";
		return;
	}
}

/* Whether it is what stands in the events of another of our sources. */
static bool
is_of_another(const Turn *turn, const char *source, const char *own, const char *path)
{
	size_t		prefix = strlen(own) - strlen(path);

	return strncmp(source, own, prefix) == 0 && strcmp(source, own) != 0 &&
		respond_source_cache_find(turn->cache, source + prefix) != NULL;
}

/*
 * CloudEvents name their source themselves, but not that of another sender: whoever guesses the
 * next key there could suppress its event, unseen.
 */
static void
set_sources(const Turn *turn, Taken *taken)
{
	const char *path = taken->cached != NULL ? taken->cached->source->path : "";
	const char *own = taken->verdict.event_count == 0 ? NULL :
		psprintf("%s" SOURCE_PREFIX "%s", text_to_cstring(respond_life_source()), path);

	for (int i = 0; i < taken->verdict.event_count; i++)
	{
		NewEvent   *event = &taken->verdict.events[i];

		if (event->source == NULL)
			event->source = own;
		else if (is_of_another(turn, event->source, own, path))
		{
			refuse(taken, INBOUND_INVALID_EVENT, "its source is that of another inbound source");
			taken->verdict.said = "its source is not one of this sender's";
			return;
		}
	}
}

static void
judge(Turn *turn, Taken *taken)
{
	const InboundSource *source;

	taken->is_busy = turn->made > TURN_MOST_MADE;
	if (taken->is_busy)
		return;
	taken->is_call = respond_callback_is_path(taken->request->path);
	if (taken->is_call)
	{
		turn->made += taken->request->body_length;
		respond_callback_take_call(turn->arena, taken->request, &taken->call);
		turn->needs_disk |= taken->call.status == 200 || taken->call.status == 410;
		return;
	}
	route(turn, taken);
	if (taken->cached == NULL || taken->verdict.reason != INBOUND_ACCEPTED)
		return;
	source = taken->cached->source;
	respond_inbound_judge_head(source, taken->request, &taken->verdict);
	if (taken->verdict.reason != INBOUND_ACCEPTED || !is_let_through(taken->cached, taken))
		return;
	respond_inbound_judge(turn->arena, source, taken->request, respond_public_url(),
						  respond_unix_milliseconds(GetCurrentTimestamp()), &taken->verdict);
	/* the right secret may be the one that cannot be decrypted */
	taken->is_busy = source->fault != NULL &&
		(taken->verdict.reason == INBOUND_SIGNATURE || taken->verdict.reason == INBOUND_CHALLENGE);
	turn->made += taken->verdict.made;
	set_sources(turn, taken);
	check_producers(taken);
}

static void
record(Turn *turn)
{
	int			at = 0;

	for (int i = 0; i < turn->count; i++)
		turn->event_count += turn->requests[i].verdict.event_count;
	turn->events = palloc(sizeof(NewEvent) * (turn->event_count + 1));
	for (int i = 0; i < turn->count; i++)
	{
		Taken	   *taken = &turn->requests[i];

		taken->first_event = at;
		if (taken->verdict.event_count > 0)
			memcpy(turn->events + at, taken->verdict.events, sizeof(NewEvent) * taken->verdict.event_count);
		at += taken->verdict.event_count;
	}
	respond_event_write(turn->events, turn->event_count);
	for (int i = 0; i < turn->count; i++)
		for (int j = 0; j < turn->requests[i].verdict.event_count; j++)
			turn->requests[i].known += turn->events[turn->requests[i].first_event + j].id == 0;
}

static void
write_reject(const Turn *turn, const Taken *taken)
{
	respond_inbound_reject_write(taken->cached != NULL ? taken->cached->source->name : NULL, taken->verdict.reason,
								 taken->verdict.detail, taken->request, turn->cache->hidden,
								 turn->cache->hidden_count);
}

static void
write_rejects(void *argument)
{
	Turn	   *turn = argument;

	for (int i = 0; i < turn->count; i++)
		if (turn->requests[i].is_sample)
			write_reject(turn, &turn->requests[i]);
}

/* The sample is for people: should it not be possible to write it, senders are answered all the same. */
static void
sample_rejects(Turn *turn)
{
	bool		is_any = false;
	ErrorData  *error;

	for (int i = 0; i < turn->count; i++)
	{
		Taken	   *taken = &turn->requests[i];
		SourceState *state = taken->cached != NULL ? taken->cached->state : turn->cache->nowhere;

		taken->is_sample = taken->verdict.reason != INBOUND_ACCEPTED &&
			respond_inbound_reject_is_sampled(&state->rejects, taken->verdict.reason);
		is_any |= taken->is_sample;
	}
	error = is_any ? respond_contain_try(write_rejects, turn) : NULL;
	if (error != NULL)
		ereport(LOG,
				(errmsg("pg_respond: refused requests could not be written to respond.inbound_reject: %s",
						error->message)));
}

static void
count(const Taken *taken)
{
	const char *name = taken->cached != NULL ? taken->cached->source->name : INBOUND_NOWHERE;

	/* it was not looked at, or is for no source */
	if (taken->is_call || (taken->is_busy && taken->cached == NULL))
		return;
	if (taken->verdict.reason != INBOUND_ACCEPTED)
		respond_inbound_count_refused(name, taken->verdict.reason);
	else
		respond_inbound_count_taken(name, taken->verdict.event_count - taken->known, taken->known);
}

static WebAnswer *
answer_of(const Turn *turn, const Taken *taken, bool durable)
{
	const InboundSource *source = taken->cached != NULL ? taken->cached->source : NULL;

	if (taken->is_call && (durable || !(taken->call.status == 200 || taken->call.status == 410)))
		return respond_callback_answer(turn->arena, &taken->call);
	if (taken->is_call || taken->is_busy || (!durable && taken->verdict.event_count > 0))
		return respond_inbound_answer_busy(turn->arena);
	if (taken->verdict.reason != INBOUND_ACCEPTED)
		return respond_inbound_answer_refused(turn->arena, source, &taken->verdict, taken->wait);
	return respond_inbound_answer_taken(turn->arena, source, &taken->verdict, taken->known);
}

/* Takes them in one transaction; raises what stands in the way of that. */
static void
take(Turn *turn, WebAnswer **answers)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		durable = true;

	respond_worker_begin();
	respond_shape_require_all();
	MemoryContextSwitchTo(caller);
	PushActiveSnapshot(GetTransactionSnapshot());
	turn->cache = respond_source_cache();
	for (int i = 0; i < turn->count; i++)
		judge(turn, &turn->requests[i]);
	record(turn);
	sample_rejects(turn);
	PopActiveSnapshot();
	respond_worker_commit();
	/* an event that was known may be one of a commit that is not on disk yet, and so may a call that came before */
	if (turn->event_count > 0 || turn->needs_disk)
		durable = respond_durable_wait();
	for (int i = 0; i < turn->count; i++)
	{
		count(&turn->requests[i]);
		answers[i] = answer_of(turn, &turn->requests[i], durable);
	}
}

/* The same, but an error is logged, and false is returned. */
static bool
try_to_take(Arena *arena, const WebRequest **requests, int count, bool *counted, WebAnswer **answers)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		Turn		turn = {arena, count};

		turn.requests = palloc0(sizeof(Taken) * count);
		for (int i = 0; i < count; i++)
		{
			turn.requests[i].request = requests[i];
			turn.requests[i].is_counted = &counted[i];
		}
		take(&turn, answers);
		respond_worker_succeeded();
		done = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		HOLD_INTERRUPTS();
		/* with others, the one that is at fault is found next */
		if (count == 1)
		{
			EmitErrorReport();
			respond_worker_failed(geterrcode());
		}
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	return done;
}

void
respond_inbound_take(Arena *arena, const WebRequest **requests, int count, WebAnswer **answers)
{
	bool	   *counted = palloc0(sizeof(bool) * (count + 1));

	bool		held = respond_worker_on_hold();

	if (count == 0 || (!held && try_to_take(arena, requests, count, counted, answers)))
		return;
	for (int i = 0; i < count; i++)
		if (held || count == 1 || !try_to_take(arena, &requests[i], 1, &counted[i], &answers[i]))
			answers[i] = respond_inbound_answer_busy(arena);
}

InboundLimit *
respond_inbound_limits(int *count)
{
	MemoryContext caller = CurrentMemoryContext;
	const SourceCache *cache;
	InboundLimit *limits;
	size_t		largest = 0;

	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	cache = respond_source_cache();
	MemoryContextSwitchTo(caller);
	limits = palloc(sizeof(InboundLimit) * (cache->count + 1));
	*count = 0;
	for (int i = 0; i < cache->count; i++)
	{
		const InboundSource *source = cache->sources[i].source;

		limits[(*count)++] = (InboundLimit) {psprintf(SOURCE_PREFIX "%s", source->path), source->max_body};
		if (source->scheme.answers_as_pagerduty)
			largest = Max(largest, source->max_body);
	}
	if (largest > 0)
		limits[(*count)++] = (InboundLimit) {PAGERDUTY_PATH, largest};
	PopActiveSnapshot();
	respond_worker_commit();
	limits_of = respond_source_cache_reads();
	return limits;
}

bool
respond_inbound_limits_changed(void)
{
	return respond_source_cache_has_changed() || respond_source_cache_reads() != limits_of;
}
