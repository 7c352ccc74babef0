/*-------------------------------------------------------------------------
 * mail_outcome.c
 *	  What became of a mail.
 *
 * src/courier/mail_outcome.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "courier/outcome.h"

/* Recipients by the class of what the server said of them. */
static void
count_replies(const Transfer *transfer, int *refused, int *delayed, const MailReply **first)
{
	*refused = *delayed = 0;
	*first = NULL;
	for (int i = 0; i < transfer->recipient_count; i++)
	{
		const MailReply *reply = &transfer->replies[i];

		if (reply->status >= 500)
			(*refused)++;
		else if (reply->status >= 400)
			(*delayed)++;
		if (reply->status >= 400 && *first == NULL)
			*first = reply;
	}
}

static DeliveryVerdict
judge(const Transfer *transfer, Outcome *outcome)
{
	int			refused;
	int			delayed;
	const MailReply *first;

	count_replies(transfer, &refused, &delayed, &first);
	outcome->answer = transfer->status;
	if (transfer->code == CURLE_OK)
	{
		outcome->split = refused + delayed > 0;
		if (outcome->split)
			outcome->error = psprintf("%d of %d recipients were not accepted: %s", refused + delayed,
									  transfer->recipient_count, first->text);
		return VERDICT_DELIVERED;
	}
	if (first != NULL && refused + delayed == transfer->recipient_count)
	{
		outcome->answer = first->status;
		outcome->error = psprintf("no recipient was accepted: %s", first->text);
		return delayed > 0 ? VERDICT_RETRY : VERDICT_DEAD;
	}
	if (transfer->last_line[0] != '\0' && outcome->answer >= 400)
		outcome->error = psprintf("the mail server answered: %s", transfer->last_line);
	else
		outcome->error = pstrdup(transfer->error);
	/* the last line may have been a good one, before the connection was lost */
	if (outcome->answer < 400)
		outcome->answer = 0;
	return respond_retry_policy_judge_smtp(outcome->answer);
}

/* No connection, no answer, or it wants nothing of anybody. */
static bool
host_failed(const Transfer *transfer, const Outcome *outcome)
{
	return !transfer->unfit && transfer->code != CURLE_OK && (outcome->answer == 0 || outcome->answer == 421);
}

/* What a mail server answers with is about the mail. */
static bool
receiver_failed(const Outcome *outcome)
{
	return false;
}

static char *
response(const Outgoing *outgoing)
{
	return respond_outcome_clean(outgoing, outgoing->transfer.last_line, strlen(outgoing->transfer.last_line));
}

const OutcomeKind respond_mail_outcome = {
	.judge = judge,
	.host_failed = host_failed,
	.receiver_failed = receiver_failed,
	.response = response,
};
