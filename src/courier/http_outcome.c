/*-------------------------------------------------------------------------
 * http_outcome.c
 *	  What became of a request over HTTP.
 *
 * Once the headers of an answer are complete, its status counts, whatever
 * happens to the connection afterwards: a receiver that said 200 and then hung
 * up has the message.  Without an answer it is tried again.
 *
 * src/courier/http_outcome.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "courier/outcome.h"

/* The status of a complete answer, 0 when there was none. */
static long
answered_status(const Transfer *transfer)
{
	return transfer->answered ? transfer->status : 0;
}

static char *
http_error(const Transfer *transfer, long status)
{
	if (status == 0)
		return pstrdup(transfer->error[0] != '\0' ? transfer->error : "the answer ended within its headers");
	if (status >= 200 && status < 300)
		return transfer->code == CURLE_OK ? NULL :
			psprintf("answered %ld, and then: %s", status, transfer->error);
	if (transfer->code != CURLE_OK)
		return psprintf("the receiver answered %ld, and then: %s", status, transfer->error);
	if (status >= 300 && status < 400)
		return psprintf("the receiver answered %ld; redirects are not followed", status);
	return psprintf("the receiver answered %ld", status);
}

static DeliveryVerdict
judge(const Transfer *transfer, Outcome *outcome)
{
	outcome->answer = answered_status(transfer);
	outcome->error = http_error(transfer, outcome->answer);
	if (outcome->answer == 0 && transfer->code == CURLE_URL_MALFORMAT)
		return VERDICT_DEAD;
	return respond_retry_policy_judge_http(outcome->answer);
}

static bool
host_failed(const Transfer *transfer, const Outcome *outcome)
{
	return outcome->answer == 0;
}

static bool
receiver_failed(const Outcome *outcome)
{
	return outcome->answer >= 500;
}

char *
respond_http_outcome_response(const Outgoing *outgoing)
{
	const Transfer *transfer = &outgoing->transfer;

	/* nobody asked for it, nobody can read it, and what it says of a secret cannot be seen */
	if (transfer->encoded && transfer->response_length > 0)
		return pstrdup("(not kept: it has a Content-Encoding)");
	return respond_outcome_clean(outgoing, transfer->response, transfer->response_length);
}

const OutcomeKind respond_http_outcome = {
	.judge = judge,
	.host_failed = host_failed,
	.receiver_failed = receiver_failed,
	.response = respond_http_outcome_response,
};
