/*-------------------------------------------------------------------------
 * answer_outcome.c
 *	  What became of a request whose answer a run waits for.
 *
 * Unlike a message, it has not succeeded before the whole of its answer is here.
 *
 * src/courier/answer_outcome.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "courier/outcome.h"

static bool
is_expected(const Outgoing *outgoing, long status)
{
	const RequestTerms *terms = outgoing->terms;

	for (int i = 0; i < terms->expected_count; i++)
		if (terms->expected[i] == status)
			return true;
	return false;
}

/* 410 is about what was asked for; it does not say that nothing is to be asked any more. */
static DeliveryVerdict
judge_status(const Outgoing *outgoing, long status)
{
	DeliveryVerdict verdict;

	if (is_expected(outgoing, status))
		return VERDICT_DELIVERED;
	verdict = respond_retry_policy_judge_http(status);
	return verdict == VERDICT_GONE ? VERDICT_DEAD : verdict;
}

/* An answer that cannot be used, whatever its status; and why.  False: it can be. */
static bool
is_unusable(const Transfer *transfer, Outcome *outcome, DeliveryVerdict *verdict)
{
	if (transfer->whole->too_large)
	{
		outcome->error = pstrdup(transfer->error);
		*verdict = VERDICT_DEAD;
	}
	else if (transfer->code != CURLE_OK)
	{
		outcome->error = psprintf("the receiver answered %ld, and then: %s", outcome->answer, transfer->error);
		*verdict = VERDICT_RETRY;
	}
	else if (transfer->length_unclear)
	{
		outcome->error = pstrdup("the answer does not say clearly how long it is");
		*verdict = VERDICT_RETRY;
	}
	else if (transfer->encoded && transfer->whole->body.length > 0)
	{
		outcome->error = pstrdup("the answer has a Content-Encoding, which was not asked for");
		*verdict = VERDICT_DEAD;
	}
	else
		return false;
	return true;
}

/* Why the status is none that is wanted; a pause that was asked for may be what the step has no time for. */
static char *
describe_status(const Transfer *transfer, long status)
{
	if (status >= 300 && status < 400)
		return psprintf("the receiver answered %ld; redirects are not followed", status);
	if (respond_outcome_asks_for_pause(transfer, status))
		return psprintf("the receiver answered %ld and asked for a pause of " INT64_FORMAT " s", status,
						(transfer->retry_after_ms + 999) / 1000);
	return psprintf("the receiver answered %ld", status);
}

static DeliveryVerdict
judge(const Transfer *transfer, Outcome *outcome)
{
	DeliveryVerdict verdict;

	outcome->answer = transfer->answered ? transfer->status : 0;
	if (outcome->answer == 0)
	{
		outcome->error = pstrdup(transfer->error[0] != '\0' ? transfer->error : "the answer ended within its headers");
		return transfer->code == CURLE_URL_MALFORMAT ? VERDICT_DEAD : VERDICT_RETRY;
	}
	if (is_unusable(transfer, outcome, &verdict))
		return verdict;
	verdict = judge_status(outcome->outgoing, outcome->answer);
	if (verdict != VERDICT_DELIVERED)
		outcome->error = describe_status(transfer, outcome->answer);
	return verdict;
}

static bool
host_failed(const Transfer *transfer, const Outcome *outcome)
{
	return outcome->answer == 0;
}

static bool
receiver_failed(const Outcome *outcome)
{
	return outcome->answer >= 500 && !is_expected(outcome->outgoing, outcome->answer);
}

const OutcomeKind respond_answer_outcome = {
	.judge = judge,
	.host_failed = host_failed,
	.receiver_failed = receiver_failed,
	.response = respond_http_outcome_response,
};
