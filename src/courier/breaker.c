/*-------------------------------------------------------------------------
 * breaker.c
 *	  Circuit breakers: who fails is left alone for a while.
 *
 * src/courier/breaker.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/metric.h"
#include "courier/breaker.h"
#include "courier/breaker_status.h"

static HTAB *hosts = NULL;

static uint32
hash_name(const void *key, Size size)
{
	const char *name = *(const char *const *) key;

	return hash_bytes((const unsigned char *) name, strlen(name));
}

static int
compare_names(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

Breaker *
respond_breaker_find(const char *name)
{
	Breaker    *host;
	bool		found;

	if (hosts == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(char *),.entrysize = sizeof(Breaker),.hash = hash_name,
		.match = compare_names,.hcxt = TopMemoryContext};

		hosts = hash_create("pg_respond hosts", 64, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	host = hash_search(hosts, &name, HASH_FIND, NULL);
	if (host != NULL)
		return host;
	name = MemoryContextStrdup(TopMemoryContext, name);
	host = hash_search(hosts, &name, HASH_ENTER, &found);
	memset((char *) host + sizeof(host->name), 0, sizeof(Breaker) - sizeof(host->name));
	return host;
}

/* Breakers that are not closed are counted: a probe that is under way has not closed any. */
static void
set_state(Breaker *breaker, BreakerState state)
{
	static int	open[2];		/* hosts, channels */
	bool		was_open = breaker->state != BREAKER_CLOSED;
	bool		is_open = state != BREAKER_CLOSED;
	int		   *count = &open[breaker->is_channel ? 1 : 0];

	breaker->state = state;
	if (is_open == was_open)
		return;
	*count += is_open ? 1 : -1;
	respond_metric_set(breaker->is_channel ? METRIC_CHANNEL_BREAKERS_OPEN : METRIC_BREAKERS_OPEN, *count);
}

bool
respond_breaker_allows(Breaker *host, TimestampTz now, TimestampTz *until)
{
	*until = 0;
	switch (host->state)
	{
		case BREAKER_CLOSED:
			return host->ramp == 0 || host->in_flight < host->ramp;
		case BREAKER_OPEN:
			*until = host->open_until;
			/* or the clock was put back */
			return now >= host->open_until || host->open_until > now + 2 * BREAKER_LONGEST_MS * INT64CONST(1000);
		case BREAKER_HALF_OPEN:
			return false;
	}
	return false;
}

bool
respond_breaker_begin(Breaker *host, TimestampTz now)
{
	TimestampTz until;

	host->in_flight++;
	if (host->state != BREAKER_OPEN || !respond_breaker_allows(host, now, &until))
		return false;
	set_state(host, BREAKER_HALF_OPEN);
	respond_breaker_status_show(host, now);
	return true;
}

/* Between half and one and a half of its time, so that hosts that failed together do not return together. */
static void
open_breaker(Breaker *host, TimestampTz now, double random)
{
	host->open_ms = host->open_ms == 0 ? BREAKER_FIRST_MS : Min(host->open_ms * 2, BREAKER_LONGEST_MS);
	host->open_until = now + (int64) (host->open_ms * (0.5 + random)) * 1000;
	set_state(host, BREAKER_OPEN);
	host->ramp = 1;
	respond_breaker_status_show(host, now);
}

void
respond_breaker_reset(Breaker *breaker, const char *name)
{
	respond_breaker_status_hide(breaker);
	breaker->name = name;
	breaker->is_channel = true;
	breaker->failures = breaker->open_ms = breaker->ramp = 0;
	set_state(breaker, BREAKER_CLOSED);
}

void
respond_breaker_end(Breaker *host, bool is_probe, bool success, long answer, TimestampTz now, double random)
{
	Assert(host->in_flight > 0);
	host->in_flight--;
	if (success)
	{
		host->failures = 0;
		host->open_ms = 0;
		set_state(host, BREAKER_CLOSED);
		respond_breaker_status_hide(host);
		if (host->ramp > 0)
			host->ramp = host->ramp >= 512 ? 0 : host->ramp * 2;
		return;
	}
	host->failures++;
	host->last_answer = (int) answer;
	if (is_probe || (host->state == BREAKER_CLOSED && host->failures >= BREAKER_FAILURES))
		open_breaker(host, now, random);
}

void
respond_breaker_cancel(Breaker *host, bool is_probe)
{
	Assert(host->in_flight > 0);
	host->in_flight--;
	if (is_probe)
		set_state(host, BREAKER_OPEN);
}
