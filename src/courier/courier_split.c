/*-------------------------------------------------------------------------
 * courier_split.c
 *	  Mails that a server took for some of their recipients only.
 *
 * The mail is delivered, and must not be sent again to those who have it.  The
 * others get deliveries of their own, which go on or end as any other: so
 * nothing is lost, and each recipient's state can be seen.
 *
 * src/courier/courier_split.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "courier/courier_split.h"
#include "courier/delivery_dead.h"
#include "outbox/outbox.h"
#include "wire/retry_policy.h"

static KeptPlan copy_row = {
	"INSERT INTO respond.delivery (channel, rule, run_id, event_id, ticket_id, subject, status, attempts,"
	" next_attempt_at, last_status, last_error, finished_at, attempts_before, depth, url, due_since, headers,"
	" recipients, body, html, secret_mark, channel_id, definition)"
	" SELECT d.channel, d.rule, d.run_id, d.event_id, d.ticket_id, d.subject, $3, d.attempts, $4, $5, $6, $7,"
	" d.attempts_before, d.depth, d.url, d.due_since, d.headers, $8, d.body, d.html, d.secret_mark,"
	" d.channel_id, d.definition"
	" FROM respond.delivery AS d WHERE d.id OPERATOR(pg_catalog.=) $1 AND d.created_at OPERATOR(pg_catalog.=) $2"
	" RETURNING id, key::pg_catalog.text, created_at",
	8, {INT8OID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID}
};

/* The recipients that were refused for good, or until later; and what the first of them was told. */
static int
select_recipients(const Transfer *transfer, bool for_good, Datum *addresses, const MailReply **first)
{
	int			count = 0;

	*first = NULL;
	for (int i = 0; i < transfer->recipient_count; i++)
	{
		const MailReply *reply = &transfer->replies[i];

		if (reply->status < 400 || (reply->status >= 500) != for_good)
			continue;
		addresses[count++] = CStringGetTextDatum(transfer->recipients[i]);
		if (*first == NULL)
			*first = reply;
	}
	return count;
}

static void
split_off(const Outcome *outcome, bool for_good)
{
	const Outgoing *outgoing = outcome->outgoing;
	const Channel *config = outgoing->channel->config;
	Datum	   *addresses = palloc(sizeof(Datum) * outgoing->transfer.recipient_count);
	const MailReply *reply;
	int			count = select_recipients(&outgoing->transfer, for_good, addresses, &reply);
	int			tries = outgoing->attempts + 1 - outgoing->attempts_before;
	Datum		values[8];
	char		nulls[] = "        ";
	TimestampTz due = 0;
	char	   *error;
	bool		dead;
	bool		is_null;
	int64		id;

	if (count == 0)
		return;
	dead = for_good || config == NULL || tries >= config->max_attempts;
	error = psprintf("the mail server answered for %s: %s", TextDatumGetCString(addresses[0]), reply->text);
	error = respond_outcome_clean(outgoing, error, strlen(error));
	if (!dead)
		due = outcome->at + respond_retry_policy_delay(config->delays, config->delay_count, tries, 0.5) * 1000;
	values[0] = Int64GetDatum(outgoing->entry->id);
	values[1] = TimestampTzGetDatum(outgoing->entry->created_at);
	values[2] = CStringGetTextDatum(dead ? "dead" : "pending");
	values[3] = TimestampTzGetDatum(due);
	nulls[3] = dead ? 'n' : ' ';
	values[4] = Int32GetDatum((int32) reply->status);
	values[5] = CStringGetTextDatum(error);
	values[6] = TimestampTzGetDatum(outcome->at);
	nulls[6] = dead ? ' ' : 'n';
	values[7] = PointerGetDatum(construct_array(addresses, count, TEXTOID, -1, false, TYPALIGN_INT));

	SPI_connect();
	if (respond_kept_plan_run(&copy_row, values, nulls) == 1)
	{
		id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
		if (dead)
		{
			char	   *key = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);

			respond_delivery_dead_tell(outgoing, id,
									   respond_delivery_dead_description(outgoing, id, key, outgoing->attempts + 1,
																		 reply->status, error));
		}
		else
			respond_outbox_announce(&outgoing->channel->id, outgoing->subject, id,
									DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3,
																	  &is_null)),
									due);
	}
	SPI_finish();
}

void
respond_courier_split(const Outcome *outcome)
{
	split_off(outcome, true);
	split_off(outcome, false);
}
