/*-------------------------------------------------------------------------
 * outcome.c
 *	  What became of a request, and what is to be done about it.
 *
 * src/courier/outcome.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "courier/outcome.h"

/* Of an answer, in the attempt's row. */
#define RESPONSE_KEPT	1024

/* Tries after which a receiver may ask for a shorter wait than the schedule's. */
#define PROMPT_TRIES	2

/* Longest time that a receiver can have its channel wait. */
#define LONGEST_PAUSE_MS	INT64CONST(3600000)

/* Length without a character of UTF-8 at the end that is not complete; bytes that are none are left alone. */
static size_t
utf8_whole(const char *text, size_t length)
{
	size_t		start = length;

	while (start > 0 && length - start < 3 && (text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start > 0 && (text[start - 1] & 0xC0) == 0xC0 &&
		start - 1 + pg_utf_mblen((const unsigned char *) text + start - 1) > length)
		return start - 1;
	return length;
}

char *
respond_outcome_clean(const Outgoing *outgoing, const char *bytes, size_t length)
{
	char	   *copy;
	size_t		kept;

	if (length == 0)
		return NULL;
	copy = palloc(length + 1);
	memcpy(copy, bytes, length);
	length = respond_secret_redact(outgoing->callback_forms, copy, length, length);
	kept = respond_secret_redact(outgoing->forms, copy, length, RESPONSE_KEPT);
	copy[kept] = '\0';
	for (size_t i = 0; i < kept; i++)
		copy[i] = copy[i] != '\0' ? copy[i] : '?';
	/* the last character may be cut */
	copy[utf8_whole(copy, kept)] = '\0';
	if (GetDatabaseEncoding() == PG_UTF8 && pg_verify_mbstr(PG_UTF8, copy, strlen(copy), true))
		return copy;
	/* other encodings lack characters, and say so with an error */
	for (char *s = copy; *s != '\0'; s++)
		if (*s & 0x80)
			*s = '?';
	return copy;
}

static void
tell_breakers(Outgoing *outgoing, const Outcome *outcome)
{
	const Transfer *transfer = &outgoing->transfer;
	const OutcomeKind *kind = outgoing->outcome_kind;
	Breaker    *answers = &outgoing->channel->answers;
	double		random = pg_prng_double(&pg_global_prng_state);

	if (outgoing->host == NULL)
		return;
	if (transfer->refused)
		respond_breaker_cancel(outgoing->host, outgoing->is_probe);
	else
		respond_breaker_end(outgoing->host, outgoing->is_probe, !kind->host_failed(transfer, outcome), outcome->answer,
							outcome->at, random);
	if (transfer->refused || outcome->answer == 0)
		respond_breaker_cancel(answers, outgoing->is_channel_probe);
	else
		respond_breaker_end(answers, outgoing->is_channel_probe, !kind->receiver_failed(outcome), outcome->answer,
							outcome->at, random);
	outgoing->host = NULL;
}

bool
respond_outcome_asks_for_pause(const Transfer *transfer, long status)
{
	return transfer->retry_after_ms > 0 && (status == 429 || status == 503);
}

/* A receiver that is asked too much, or rests, means all that it is sent. */
static void
pause_channel(const Outgoing *outgoing, const Outcome *outcome)
{
	const Transfer *transfer = &outgoing->transfer;

	if (!respond_outcome_asks_for_pause(transfer, outcome->answer))
		return;
	outgoing->channel->paused_until = Max(outgoing->channel->paused_until,
										  outcome->at + Min(transfer->retry_after_ms, LONGEST_PAUSE_MS) * 1000);
}

/* A request of a run goes by what its step says; nobody waits for hours for an answer. */
static int64
usual_wait(const Outgoing *outgoing, const Channel *config, int attempts, double random)
{
	const RequestTerms *terms = outgoing->terms;
	int64		first;

	if (terms != NULL && terms->retry_after_ms > 0)
	{
		first = Min(terms->retry_after_ms, LONGEST_PAUSE_MS) << Min(attempts - 1, 20);
		return respond_retry_policy_delay(&first, 1, 1, random);
	}
	if (terms != NULL && config->delays == NULL)
		return respond_retry_policy_delay(respond_retry_policy_soon, respond_retry_policy_soon_count, attempts, random);
	return respond_retry_policy_delay(config->delays, config->delay_count, attempts, random);
}

/*
 * What the receiver asks for counts; a little more than that, so that not all
 * come at once.  After the first tries it makes the wait longer only: a receiver
 * that is polite, but in trouble for an hour, must not use up all tries in a minute.
 */
static TimestampTz
next_attempt(const Outgoing *outgoing, const Outcome *outcome, const Channel *config)
{
	int64		wanted = outgoing->transfer.retry_after_ms;
	int			attempts = outgoing->attempts + 1 - outgoing->attempts_before;
	double		random = pg_prng_double(&pg_global_prng_state);
	int64		wait = usual_wait(outgoing, config, attempts, random);

	if (wanted >= 0)
	{
		wanted += (int64) (wanted * 0.1 * random);
		wait = attempts <= PROMPT_TRIES ? wanted : Max(wait, wanted);
	}
	return outcome->at + wait * 1000;
}

static void
decide_retry(const Outgoing *outgoing, Outcome *outcome)
{
	const Channel *config = outgoing->channel->config;
	int			attempts = outgoing->attempts + 1 - outgoing->attempts_before;
	const char *reason = "given up after";

	outcome->status = OUTCOME_RETRY;
	pause_channel(outgoing, outcome);
	/* a channel that was deleted meanwhile: its row is cancelled already */
	if (config == NULL)
		return;
	outcome->next_attempt_at = next_attempt(outgoing, outcome, config);
	if (attempts < (outgoing->terms != NULL ? outgoing->terms->max_attempts : config->max_attempts))
	{
		if (outgoing->terms == NULL || outcome->next_attempt_at < outgoing->terms->deadline)
			return;
		reason = "timed out after";
	}
	outcome->status = OUTCOME_DEAD;
	outcome->error = psprintf("%s %d %s: %s", reason, attempts, attempts == 1 ? "try" : "tries",
							  outcome->error != NULL ? outcome->error : "no reason is known");
}

void
respond_outcome_fail(Outcome *outcome, const char *error)
{
	MemoryContext caller = MemoryContextSwitchTo(outcome->outgoing->context);

	outcome->error = pstrdup(error);
	decide_retry(outcome->outgoing, outcome);
	MemoryContextSwitchTo(caller);
}

Outcome *
respond_outcome_judge(Outgoing *outgoing)
{
	MemoryContext caller = MemoryContextSwitchTo(outgoing->context);
	Outcome    *outcome = palloc0(sizeof(Outcome));
	const Transfer *transfer = &outgoing->transfer;
	const OutcomeKind *kind = outgoing->outcome_kind;
	DeliveryVerdict verdict = VERDICT_DEAD;

	outcome->outgoing = outgoing;
	outcome->at = GetCurrentTimestamp();
	if (outgoing->failure != NULL)
		outcome->error = unconstify(char *, outgoing->failure);
	else if (outgoing->notify_channel != NULL)
		verdict = VERDICT_DELIVERED;
	else if (transfer->refused || transfer->unfit)
		outcome->error = pstrdup(transfer->error);
	else
		verdict = kind->judge(transfer, outcome);
	if (outcome->error != NULL)
		outcome->error = respond_outcome_clean(outgoing, outcome->error, strlen(outcome->error));
	if (kind != NULL)
		outcome->response = kind->response(outgoing);
	switch (verdict)
	{
		case VERDICT_DELIVERED:
			outcome->status = OUTCOME_DELIVERED;
			break;
		case VERDICT_RETRY:
			decide_retry(outgoing, outcome);
			break;
		case VERDICT_GONE:
			outcome->gone = true;
			/* FALLTHROUGH */
		case VERDICT_DEAD:
			outcome->status = OUTCOME_DEAD;
			break;
	}
	tell_breakers(outgoing, outcome);
	MemoryContextSwitchTo(caller);
	return outcome;
}

bool
respond_outcome_is_awaited(const Outcome *outcome)
{
	const Outgoing *outgoing = outcome->outgoing;

	return outgoing->terms != NULL && outgoing->terms->run_started_at != 0 && outgoing->run_id != 0;
}
