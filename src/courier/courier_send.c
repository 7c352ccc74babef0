/*-------------------------------------------------------------------------
 * courier_send.c
 *	  Which deliveries are sent now.
 *
 * Channels take turns.  Each may have as many requests under way as it is
 * configured for, and fewer than there are places left; some are kept for those
 * that have none under way: so a few channels whose receivers hang cannot take all
 * places from the others.  Rate limits space requests out; the breaker of the host
 * may hold them back.
 *
 * A breaker holds a delivery back no longer than its tries would have taken
 * together: after that it has its tries all the same, and ends.
 *
 * After a courier has died they are sent one by one, see courier_quarantine.c.
 *
 * What a synchronous standby has not confirmed yet is not fetched; its channel
 * waits until it has.
 *
 * src/courier/courier_send.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "common/pg_prng.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/sync_standby.h"
#include "courier/courier_channel.h"
#include "courier/courier_fetch.h"
#include "courier/courier_quarantine.h"
#include "courier/courier_queue.h"
#include "courier/courier_read.h"
#include "courier/courier_send.h"
#include "courier/outcome.h"
#include "transport/transport.h"
#include "wire/retry_policy.h"

/* Deliveries that one query fetches. */
#define FETCH_AT_ONCE		128

/* What a channel may take in one turn. */
#define TURN_LIMIT			64

/* A rate limit may catch up on this much time that it lost to waiting. */
#define RATE_SLACK_US		10000.0

/* Bytes that the body of an answer is expected to have, before one has come. */
#define ANSWER_EXPECTED		(64 * 1024)

/* How long a request waits for others to its host that are under way. */
#define HOLD_BACK_US		(100 * 1000)

/* How often a standby is looked at that has not confirmed yet; less and less often while it does not move. */
#define CONFIRM_POLL_US		2000
#define CONFIRM_LONGEST_US	200000

static XLogRecPtr confirmed = InvalidXLogRecPtr;	/* by synchronous standbys, when looked at last */
static int64 confirm_poll_us = CONFIRM_POLL_US;
static bool standby_awaited = false;	/* since then */
static Outgoing *failed = NULL; /* never sent */
static int	gathered = 0;		/* taken from the queues, but not started yet */

static int
places_left(void)
{
	return respond_max_requests - respond_transport_running() - gathered;
}

/*
 * Places that only channels may take which have no request under way, one each.
 * Not more than a quarter: a busy channel among a thousand that rest must have
 * more than one.
 */
static int
places_reserved(void)
{
	return Min(respond_courier_channel_count_idle(), respond_max_requests / 4);
}

/* Whether all its tries would be over by now. */
static bool
is_overdue(const Entry *entry, TimestampTz now)
{
	const Channel *config = entry->channel->config;
	int64		span = respond_retry_policy_span(config->delays, config->delay_count, config->max_attempts);

	return entry->since + span * 1000 < now;
}

/* A breaker that is not closed holds back nothing whose time is over; the ramp does. */
static bool
passes_breakers(const CourierChannel *channel, const Entry *entry, TimestampTz now)
{
	return (channel->answers.state != BREAKER_CLOSED ||
			(channel->host != NULL && channel->host->state != BREAKER_CLOSED)) &&
		is_overdue(entry, now);
}

/* How many requests a breaker lets through; *until: when to ask again, 0: when one that is under way has ended. */
static int
room_of(Breaker *breaker, TimestampTz now, TimestampTz *until)
{
	*until = 0;
	if (breaker->state == BREAKER_CLOSED)
		return breaker->ramp == 0 ? INT_MAX : Max(0, breaker->ramp - breaker->in_flight);
	return respond_breaker_allows(breaker, now, until) ? 1 : 0;
}

/* The same for both breakers of a channel: of its host, and of what its receiver answers. */
static int
breaker_room(CourierChannel *channel, TimestampTz now, TimestampTz *until)
{
	int			room = room_of(&channel->answers, now, until);
	TimestampTz host_until;
	int			host_room;

	if (channel->host == NULL)
		return room;
	host_room = room_of(channel->host, now, &host_until);
	if (host_room <= 0 && room <= 0)
		*until = *until != 0 && host_until != 0 ? Max(*until, host_until) : 0;
	else if (host_room <= 0)
		*until = host_until;
	return Min(room, host_room);
}

/*
 * How many requests the channel may start now, but for the breaker.  One with more
 * to send than it may have under way starts several together, when a fourth of
 * its places are free: a transaction that fetches one row costs as much as one
 * that fetches many.
 */
static int
channel_room(const CourierChannel *channel, int reserved, TimestampTz now)
{
	const Channel *config = channel->config;
	int			left = places_left();
	int			room;

	if (config == NULL || !config->enabled || config->ordered != channel->ordered || config->broken != NULL ||
		channel->blocked_until > now || channel->paused_until > now)
		return 0;
	room = Min(config->concurrency - channel->in_flight, left - reserved - channel->in_flight);
	if (channel->in_flight == 0 && left > 0)
		room = Max(room, 1);
	if (channel->queued > room && room < (channel->in_flight + room) / 4)
		return 0;
	return Min(room, TURN_LIMIT);
}

/* Whether the rate limit lets one more pass; takes it. */
static bool
pass_rate_limit(CourierChannel *channel, TimestampTz now)
{
	double		rate = channel->config->rate_limit;

	if (rate != channel->rate)
		channel->next_send_at = 0;
	channel->rate = rate;
	if (rate <= 0)
		return true;
	if (channel->next_send_at > (double) now)
		return false;
	channel->next_send_at = Max(channel->next_send_at, (double) now - RATE_SLACK_US) + USECS_PER_SEC / rate;
	return true;
}

static void
look_at_standbys(void)
{
	XLogRecPtr	now = respond_sync_standby_confirmed();

	if (now != confirmed)
		confirm_poll_us = CONFIRM_POLL_US;
	else if (standby_awaited)
		confirm_poll_us = Min(confirm_poll_us * 2, CONFIRM_LONGEST_US);
	confirmed = now;
	standby_awaited = false;
}

/* Nothing is sent whose row a synchronous standby may not have; the channel waits for it. */
static bool
wait_for_standby(CourierChannel *channel, const Entry *entry, TimestampTz now)
{
	if (entry->written <= confirmed)
		return false;
	/* it can get only what is on disk here */
	XLogFlush(entry->written);
	channel->blocked_until = Max(channel->blocked_until, now + confirm_poll_us);
	standby_awaited = true;
	return true;
}

static void
gather_from(CourierChannel *channel, Entry **entries, int limit, int reserved, bool careful, TimestampTz now)
{
	int			room = Min(channel_room(channel, reserved, now), limit);
	TimestampTz until;
	int			through = breaker_room(channel, now, &until);
	int			count = 0;
	Entry	   *entry;

	while (count < room && (entry = respond_courier_queue_first(channel)) != NULL && entry->after <= now)
	{
		if (count >= through && !passes_breakers(channel, entry, now))
			break;
		if (!careful && respond_courier_quarantine_suspects(entry))
			break;
		if (wait_for_standby(channel, entry, now) || !pass_rate_limit(channel, now))
			break;
		respond_courier_queue_take(entry);
		entries[count++] = entry;
		gathered++;
	}
}

/* How many they are is counted in gathered. */
static void
gather(Entry **entries, bool careful, TimestampTz now)
{
	int			left = respond_courier_channel_count();
	int			reserved = places_reserved();
	int			limit = careful ? 1 : FETCH_AT_ONCE;
	CourierChannel *channel;

	while (gathered < limit && places_left() > 0 && (channel = respond_courier_channel_next(&left)) != NULL)
	{
		Entry	   *first = respond_courier_queue_first(channel);

		if (first == NULL || first->after > now || channel_room(channel, reserved, now) <= 0)
			continue;
		if (!channel->secret_read && !respond_courier_read_secret(channel))
			continue;
		gather_from(channel, entries + gathered, Min(limit - gathered, places_left()), reserved, careful, now);
	}
}

static void
put_back(Outgoing *outgoing, TimestampTz until)
{
	respond_courier_quarantine_let_go(outgoing->entry);
	respond_courier_queue_hold_back(outgoing->entry, until);
	MemoryContextDelete(outgoing->context);
}

/* An error came between: everything that was taken goes back into its queue. */
static void
put_all_back(Entry **entries, int count, Outgoing *list, TimestampTz now)
{
	while (list != NULL)
	{
		Outgoing   *next = list->next;

		put_back(list, now);
		list = next;
	}
	for (int i = 0; i < count; i++)
	{
		if (entries[i] == NULL)
			continue;
		respond_courier_quarantine_let_go(entries[i]);
		respond_courier_queue_hold_back(entries[i], now);
	}
}

static void
fail(Outgoing *outgoing)
{
	outgoing->next = failed;
	failed = outgoing;
}

/*
 * An answer that is waited for needs memory, as much as those before it from the
 * same channel.  False: there is none now.
 */
static bool
make_room_for_answer(Outgoing *outgoing)
{
	size_t		expected;

	if (outgoing->outcome_kind != &respond_answer_outcome)
		return true;
	expected = Min(Max(ANSWER_EXPECTED, 2 * outgoing->channel->answer_size), outgoing->terms->max_body);
	if (outgoing->entry->found_no_room)
		expected = ANSWER_ENOUGH(outgoing->terms->max_body);
	if (!respond_answer_has_room(expected))
		return false;
	outgoing->transfer.whole = respond_answer_create(outgoing->context, outgoing->terms->max_body, expected);
	return true;
}

/* The host of a channel, which its url names without tags, is known from its last request. */
static void
start(Outgoing *outgoing, TimestampTz now)
{
	CourierChannel *channel = outgoing->channel;
	TimestampTz until;

	outgoing->next = NULL;
	outgoing->sent_at = now;
	if (outgoing->failure != NULL || outgoing->notify_channel != NULL)
	{
		fail(outgoing);
		return;
	}
	Assert(outgoing->transfer.kind != NULL && outgoing->outcome_kind != NULL);
	outgoing->host = respond_breaker_find(outgoing->host_name);
	channel->host = outgoing->host;
	/* asked once more: other channels have the same host, and only the row says when it was begun anew */
	if (breaker_room(channel, now, &until) <= 0 && !passes_breakers(channel, outgoing->entry, now))
	{
		put_back(outgoing, until != 0 ? until : now + HOLD_BACK_US);
		return;
	}
	if (!make_room_for_answer(outgoing))
	{
		put_back(outgoing, now + HOLD_BACK_US);
		return;
	}
	outgoing->is_probe = respond_breaker_begin(outgoing->host, now);
	outgoing->is_channel_probe = respond_breaker_begin(&channel->answers, now);
	respond_transport_start(&outgoing->transfer);
}

static void
start_list(Outgoing *list, TimestampTz now)
{
	while (list != NULL)
	{
		Outgoing   *next = list->next;

		start(list, now);
		list = next;
	}
}

bool
respond_courier_send_due(TimestampTz now)
{
	Entry	   *entries[FETCH_AT_ONCE];
	Outgoing   *list = NULL;
	TimestampTz until;
	bool		careful = respond_courier_quarantine_is_careful(now, &until);

	if (until != 0)
		return false;
	look_at_standbys();
	gathered = 0;
	PG_TRY();
	{
		gather(entries, careful, now);
		if (careful && gathered > 0)
			entries[0]->given_up = !respond_courier_quarantine_mark(entries[0]);
		if (gathered > 0)
			respond_courier_fetch(entries, gathered, &list);
	}
	PG_CATCH();
	{
		int			count = gathered;

		gathered = 0;
		put_all_back(entries, count, list, now);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (gathered == 0)
		return false;
	gathered = 0;
	start_list(list, GetCurrentTimestamp());
	return true;
}

/* When the channel wants to be asked again. */
static TimestampTz
channel_due(CourierChannel *channel, int reserved, TimestampTz now)
{
	TimestampTz due = respond_courier_queue_due(channel);
	TimestampTz until;

	if (due == DT_NOEND || channel->config == NULL || !channel->config->enabled || channel->config->broken != NULL)
		return DT_NOEND;
	due = Max(due, Max(channel->blocked_until, channel->paused_until));
	if (channel->config->rate_limit > 0 && channel->config->rate_limit == channel->rate)
		due = Max(due, (TimestampTz) channel->next_send_at);
	if (due > now)
		return due;
	/* the end of a request is what it waits for */
	if (channel_room(channel, reserved, now) <= 0)
		return DT_NOEND;
	if (breaker_room(channel, now, &until) <= 0)
	{
		Entry	   *first = respond_courier_queue_first(channel);

		if (first != NULL && passes_breakers(channel, first, now))
			return due;
		return until != 0 ? until : DT_NOEND;
	}
	return due;
}

TimestampTz
respond_courier_send_next_due(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due = DT_NOEND;
	int			left = respond_courier_channel_count();
	int			reserved = places_reserved();
	TimestampTz until;
	CourierChannel *channel;

	while ((channel = respond_courier_channel_next(&left)) != NULL)
		due = Min(due, channel_due(channel, reserved, now));
	if (respond_courier_quarantine_is_careful(now, &until))
		due = Max(due, until);
	return due;
}

/*
 * There was no memory for its answer, which is nobody's fault: it is sent again when
 * there is enough for any answer to it, and that was no try.
 */
static bool
waits_for_room(Outgoing *outgoing)
{
	const Answer *answer = outgoing->transfer.whole;
	CourierChannel *channel = outgoing->channel;

	if (answer == NULL || !answer->no_room || outgoing->entry->found_no_room || channel->config == NULL)
		return false;
	outgoing->entry->found_no_room = true;
	respond_breaker_cancel(outgoing->host, outgoing->is_probe);
	respond_breaker_cancel(&channel->answers, outgoing->is_channel_probe);
	put_back(outgoing, GetCurrentTimestamp() + HOLD_BACK_US);
	return true;
}

Outgoing *
respond_courier_send_take_done(void)
{
	Transfer   *transfer;
	Outgoing   *outgoing = failed;

	if (outgoing != NULL)
	{
		failed = outgoing->next;
		return outgoing;
	}
	do
	{
		transfer = respond_transport_take_done();
		outgoing = transfer != NULL ? transfer->owner : NULL;
	} while (outgoing != NULL && waits_for_room(outgoing));
	return outgoing;
}
