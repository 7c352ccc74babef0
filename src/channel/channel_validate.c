/*-------------------------------------------------------------------------
 * channel_validate.c
 *	  The trigger of respond.channel: what cannot work is refused.
 *
 * A secret that is given with a row must never get into the table; see
 * kept_secret.c.
 *
 * src/channel/channel_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "channel/channel.h"
#include "channel/channel_columns.h"
#include "channel/channel_kind.h"
#include "channel/identity.h"
#include "channel/kept_secret.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "secret/channel_secret.h"
#include "secret/log_filter.h"
#include "wire/signature.h"
#include "wire/url.h"

PG_FUNCTION_INFO_V1(respond_channel_validate);

static void
refuse(const char *column, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
			 errmsg("%s: %s", column, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static const char *
kinds_hint(void)
{
	return "respond.channel_kind lists the kinds; a new one is a row there.";
}

static void
check_kind_name(const char *kind, const ChannelKind *found)
{
	if (found != NULL)
		return;
	if (strcmp(kind, "kafka") == 0 || strcmp(kind, "amqp") == 0)
		refuse("kind", psprintf("\"%s\" is not available in this version of pg_respond", kind), kinds_hint());
	refuse("kind", psprintf("there is no kind \"%s\"", kind), kinds_hint());
}

/* Tags in the url must leave scheme and host alone, or data could choose the host. */
static void
check_url(const char *url, const ChannelKind *kind)
{
	Template   *template;
	TemplateRoots nothing = {0, NULL};
	TemplateValue root = respond_template_from_roots(&nothing);
	const char *start;
	const char *fault;
	char	   *filled;
	bool		filtered;

	if (kind->transport == TRANSPORT_NOTIFY)
		refuse("url", psprintf("channels of kind \"%s\" have none", kind->name),
			   "The channel to LISTEN on is option \"notify_channel\".");
	template = respond_template_compile_in(CurrentMemoryContext, url, strlen(url), "url");
	start = respond_url_start(url);
	if (start != NULL && strstr(start, "{{") != NULL)
		refuse("url", "scheme, host and port cannot hold a tag", "Make a channel for each host.");
	if (kind->transport == TRANSPORT_SMTP && !respond_template_is_plain(template))
		refuse("url", "that of a mail server cannot hold a tag", NULL);
	(void) respond_channel_template_names_secret(template, &filtered);
	if (filtered)
		refuse("url", "{{secret}} cannot have a filter", NULL);
	filled = respond_template_render_cstring(template, &root, TEMPLATE_ESCAPE_URL, NULL);
	fault = respond_url_check(filled, kind->transport, NULL);
	if (fault != NULL)
		refuse("url", psprintf("it %s", fault), NULL);
}

static void
check_options(const ChannelKind *kind, Jsonb *options, Jsonb *known)
{
	respond_channel_check_options(kind, options, known);
	for (int i = 0; i < kind->required_count; i++)
	{
		Jsonb	   *all =
			DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(kind->options), JsonbPGetDatum(options)));

		if (respond_channel_option(all, kind->required[i]) == NULL)
			refuse(psprintf("options.%s", kind->required[i]),
				   psprintf("is missing; kind \"%s\" needs it", kind->name), NULL);
	}
}

/* Whoever named a kind's files named them for the host of the kind; other channels of it have none of their own. */
static void
check_default_files(const ChannelKind *kind, const char *url, Jsonb *options)
{
	static const char *const files[] = {"client_cert", "client_key"};

	if (superuser() || kind->url == NULL || url == NULL || kind->transport != TRANSPORT_HTTP ||
		strcmp(respond_url_host(kind->url, kind->transport), respond_url_host(url, kind->transport)) == 0)
		return;
	for (int i = 0; i < lengthof(files); i++)
	{
		if (respond_channel_option(kind->options, files[i]) != NULL &&
			getKeyJsonValueFromContainer(&options->root, files[i], strlen(files[i]), NULL) == NULL)
			refuse(psprintf("options.%s", files[i]),
				   psprintf("that of kind \"%s\" is for the host of the kind's url", kind->name),
				   "Only superusers may name files that the server reads; null is none.");
	}
}

static int64
interval_ms(Interval *interval)
{
	double		seconds = interval->time / (double) USECS_PER_SEC + interval->day * (double) SECS_PER_DAY +
	interval->month * (double) (DAYS_PER_MONTH * SECS_PER_DAY);

	return seconds > 1e12 ? INT64CONST(1000000000000000) : (int64) (seconds * 1000);
}

static void
check_delays(Datum value)
{
	Datum	   *items;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(value), INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE,
					  &items, &nulls, &count);
	if (count < 1 || count > CHANNEL_MAX_DELAYS)
		refuse("retry_delays", psprintf("must have 1 to %d intervals", CHANNEL_MAX_DELAYS),
			   "NULL stands for those of Standard Webhooks.");
	for (int i = 0; i < count; i++)
	{
		int64		delay = nulls[i] ? -1 : interval_ms(DatumGetIntervalP(items[i]));

		if (delay < 0 || delay > INT64CONST(366) * 24 * 3600 * 1000)
			refuse(psprintf("retry_delays[%d]", i + 1), "must be an interval from 0 to a year", NULL);
	}
}

static void
check_numbers(const Datum *values, const bool *nulls)
{
	if (!nulls[CHANNEL_ATTEMPTS] &&
		(DatumGetInt32(values[CHANNEL_ATTEMPTS]) < 1 || DatumGetInt32(values[CHANNEL_ATTEMPTS]) > CHANNEL_MAX_ATTEMPTS))
		refuse("max_attempts", psprintf("must be from 1 to %d", CHANNEL_MAX_ATTEMPTS), NULL);
	if (!nulls[CHANNEL_CONCURRENCY] &&
		(DatumGetInt32(values[CHANNEL_CONCURRENCY]) < 1 ||
		 DatumGetInt32(values[CHANNEL_CONCURRENCY]) > CHANNEL_MAX_CONCURRENCY))
		refuse("concurrency", psprintf("must be from 1 to %d", CHANNEL_MAX_CONCURRENCY), NULL);
	if (!nulls[CHANNEL_RATE])
	{
		double		rate = DatumGetFloat8(values[CHANNEL_RATE]);

		if (!(rate >= 0.0001 && rate <= CHANNEL_MAX_RATE))
			refuse("rate_limit", "must be a number of requests per second, from 0.0001 to 1000000",
				   "NULL stands for no limit.");
	}
	if (!nulls[CHANNEL_TIMEOUT])
	{
		int64		timeout = interval_ms(DatumGetIntervalP(values[CHANNEL_TIMEOUT]));

		if (timeout < CHANNEL_MIN_TIMEOUT_MS || timeout > CHANNEL_MAX_TIMEOUT_MS)
			refuse("timeout", "must be from 10 ms to 10 minutes", NULL);
	}
	if (!nulls[CHANNEL_DELAYS])
		check_delays(values[CHANNEL_DELAYS]);
}

/* Messages name what is wrong with a secret, never the secret. */
void
respond_channel_check_secret(const ChannelKind *kind, const char *secret)
{
	SigningKeys *keys;
	const char *fault = kind->hmac != NULL ? respond_hmac_scheme_check_secret(kind->hmac, secret) : NULL;

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
				 errmsg("secret: it %s", fault),
				 errhint("Kind \"%s\" says what it is in \"hmac\".", kind->name),
				 errhidestmt(true)));
	if (!kind->signature)
		return;
	keys = palloc0(sizeof(SigningKeys));
	fault = respond_signature_read(secret, keys);
	respond_signature_wipe(keys);
	if (strncmp(secret, "whsk_", 5) == 0 || strncmp(secret, "whpk_", 5) == 0)
		fault = "is an asymmetric key, which is not available in this version";
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_CHANNEL),
				 errmsg("secret: it %s", fault),
				 errhint("A secret of Standard Webhooks is \"whsec_\" and 24 to 64 random bytes in base64, or these"
						 " bytes in base64 alone; several, with spaces between them, all sign."),
				 errhidestmt(true)));
}

/*
 * The kind of a row.  One that goes on with the kind that it had keeps it,
 * whatever that is called by now; a name that was given is looked up, and what it
 * stands for is locked and put into the row.  NULL when there is none.
 */
static const ChannelKind *
settle_kind(Datum *values, bool *nulls, const Datum *old_values, const bool *old_nulls)
{
	char	   *name = respond_row_text(values, nulls, CHANNEL_KIND);
	const ChannelKind *kind;
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	if (name == NULL)
		return NULL;
	if (old_values != NULL && strcmp(respond_row_text(old_values, old_nulls, CHANNEL_KIND), name) == 0)
	{
		values[CHANNEL_KIND_ID] = old_values[CHANNEL_KIND_ID];
		nulls[CHANNEL_KIND_ID] = false;
		kind = respond_channel_kind_read_by_id(DatumGetUUIDP(old_values[CHANNEL_KIND_ID]));
		if (kind != NULL)
			return kind;
	}
	if (!respond_channel_kind_lock(name, id))
		return NULL;
	values[CHANNEL_KIND_ID] = UUIDPGetDatum(id);
	nulls[CHANNEL_KIND_ID] = false;
	return respond_channel_kind_read_by_id(id);
}

/* Options that were there before count as known, unless the channel goes somewhere else now. */
static void
check_row(const Datum *values, const bool *nulls, const ChannelKind *kind, Jsonb *known)
{
	char	   *text;

	if ((text = respond_row_text(values, nulls, CHANNEL_NAME)) != NULL)
		respond_name_check("channel", text);
	check_numbers(values, nulls);
	text = respond_row_text(values, nulls, CHANNEL_KIND);
	if (text == NULL)
		return;
	check_kind_name(text, kind);
	text = respond_row_text(values, nulls, CHANNEL_URL);
	if (text != NULL)
		check_url(text, kind);
	else if (kind->url == NULL && kind->transport != TRANSPORT_NOTIFY)
		refuse("url", psprintf("is missing; kind \"%s\" has no default", kind->name), NULL);
	if (!nulls[CHANNEL_OPTIONS])
	{
		Jsonb	   *options = respond_row_jsonb(values, nulls, CHANNEL_OPTIONS);

		check_options(kind, options, known);
		if (known == NULL)
			check_default_files(kind, text, options);
	}
	if (kind->transport == TRANSPORT_NOTIFY && !nulls[CHANNEL_NAME] && !nulls[CHANNEL_OPTIONS] &&
		strlen(respond_row_text(values, nulls, CHANNEL_NAME)) >= NAMEDATALEN &&
		respond_channel_option(respond_row_jsonb(values, nulls, CHANNEL_OPTIONS), "notify_channel") == NULL)
		refuse("options.notify_channel",
			   psprintf("is missing; the channel's own name is too long for NOTIFY, which takes %d bytes",
						NAMEDATALEN - 1), NULL);
	if ((text = respond_row_text(values, nulls, CHANNEL_SECRET)) != NULL)
		respond_channel_check_secret(kind, text);
}

/* What of a row secrets are bound to. */
static SecretPlace
place_of(const Datum *values, const bool *nulls, const ChannelKind *kind)
{
	Channel    *channel = palloc0(sizeof(Channel));

	channel->id = *DatumGetUUIDP(values[CHANNEL_ID]);
	channel->shared = kind;
	channel->host = "";
	if (kind != NULL)
		respond_channel_set_url(channel, kind, respond_row_text(values, nulls, CHANNEL_URL));
	return respond_channel_place(channel);
}

/*
 * A secret is written and never read.  Who may change a channel could read it
 * all the same by having it sent elsewhere; so it stays with the place that it was
 * given for.  It could not be unsealed for another one: this only says so in time.
 */
static void
check_secret_stays(const char *name, const SecretPlace *before, const SecretPlace *after)
{
	SecretPlace given;

	if (respond_secret_place_change(before, after) == NULL || !respond_secret_exists(&after->channel, &given) ||
		respond_secret_place_change(&given, after) == NULL)
		return;
	refuse(memcmp(&before->kind, &after->kind, sizeof(pg_uuid_t)) != 0 ? "kind" : "url",
		   psprintf("the secret of channel \"%s\" must not go %s", name,
					memcmp(&before->kind, &after->kind, sizeof(pg_uuid_t)) != 0 ? "with another kind" :
					strcmp(before->host, after->host) != 0 ? "to another host" : "to another place in its url"),
		   "Give the secret again in the same statement, or remove it first with respond.set_secret(channel, NULL).");
}

/* Whether more changes than what says if it may send: a channel that has become invalid can be disabled. */
static bool
goes_elsewhere(TupleDesc desc, const Datum *old_values, const bool *old_nulls, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < CHANNEL_COLUMNS; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, respond_shape_place(&respond_shape_channel, desc, i));

		if (i == CHANNEL_REASON || i == CHANNEL_UPDATED_AT || i == CHANNEL_KIND_ID ||
			(i == CHANNEL_ENABLED && !nulls[i] && !DatumGetBool(values[i])))
			continue;
		if (old_nulls[i] != nulls[i] ||
			(!nulls[i] && !datumIsEqual(old_values[i], values[i], column->attbyval, column->attlen)))
			return true;
	}
	return false;
}

static void
touch(const Datum *old_values, Datum *values, bool *nulls)
{
	if (!nulls[CHANNEL_ENABLED] && DatumGetBool(values[CHANNEL_ENABLED]) && !DatumGetBool(old_values[CHANNEL_ENABLED]))
		nulls[CHANNEL_REASON] = true;
	values[CHANNEL_UPDATED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	nulls[CHANNEL_UPDATED_AT] = false;
}

/* What is usual for a webhook; a mail server may take as long for its greeting (RFC 5321 section 4.5.3.2.1). */
static void
set_timeout(const ChannelKind *kind, Datum *values, bool *nulls)
{
	Interval   *timeout = palloc0(sizeof(Interval));

	timeout->time = (kind != NULL && kind->transport == TRANSPORT_SMTP ? 300 : 15) * USECS_PER_SEC;
	values[CHANNEL_TIMEOUT] = IntervalPGetDatum(timeout);
	nulls[CHANNEL_TIMEOUT] = false;
}

static void
check_insert(Datum *values, bool *nulls)
{
	const ChannelKind *kind;

	respond_identity_set(&values[CHANNEL_ID], &nulls[CHANNEL_ID], NULL);
	kind = settle_kind(values, nulls, NULL, NULL);
	if (nulls[CHANNEL_TIMEOUT])
		set_timeout(kind, values, nulls);
	check_row(values, nulls, kind, NULL);
}

static void
check_update(HeapTuple old_tuple, TupleDesc desc, Datum *values, bool *nulls)
{
	Datum		old_values[CHANNEL_COLUMNS];
	bool		old_nulls[CHANNEL_COLUMNS];
	const ChannelKind *old_kind;
	const ChannelKind *kind;
	SecretPlace before;
	SecretPlace after;
	char	   *name;
	const char *given;

	respond_shape_deform(&respond_shape_channel, desc, old_tuple, old_values, old_nulls);
	/* both columns are NOT NULL, but a superuser can change that */
	if (old_nulls[CHANNEL_ID] || old_nulls[CHANNEL_KIND_ID] || old_nulls[CHANNEL_NAME] || old_nulls[CHANNEL_KIND])
		refuse("id", "the row has no id, kind_id, name or kind", "Delete it and insert the channel anew.");
	respond_identity_set(&values[CHANNEL_ID], &nulls[CHANNEL_ID], &old_values[CHANNEL_ID]);
	if (!goes_elsewhere(desc, old_values, old_nulls, values, nulls))
	{
		values[CHANNEL_KIND_ID] = old_values[CHANNEL_KIND_ID];
		touch(old_values, values, nulls);
		return;
	}
	kind = settle_kind(values, nulls, old_values, old_nulls);
	old_kind = respond_channel_kind_read_by_id(DatumGetUUIDP(old_values[CHANNEL_KIND_ID]));
	before = place_of(old_values, old_nulls, old_kind);
	after = place_of(values, nulls, kind);
	check_row(values, nulls, kind, strcmp(before.host, after.host) == 0 ?
			  respond_row_jsonb(old_values, old_nulls, CHANNEL_OPTIONS) : NULL);
	name = respond_row_text(old_values, old_nulls, CHANNEL_NAME);
	if (!nulls[CHANNEL_NAME] && strcmp(respond_row_text(values, nulls, CHANNEL_NAME), name) != 0)
		refuse("name", "a channel cannot be renamed", "Insert a new one, change the rules, and delete this one.");
	given = respond_kept_secret_peek(name);
	if (nulls[CHANNEL_SECRET] && given == NULL)
		check_secret_stays(name, &before, &after);
	else if (nulls[CHANNEL_SECRET] && kind != NULL)
		respond_channel_check_secret(kind, given);
	touch(old_values, values, nulls);
}

/* channel_validate(): BEFORE INSERT OR UPDATE ON respond.channel FOR EACH ROW */
Datum
respond_channel_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "channel_validate", "BEFORE", "ROW", "channel");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	Datum		values[CHANNEL_COLUMNS];
	bool		nulls[CHANNEL_COLUMNS];

	respond_shape_deform(&respond_shape_channel, desc, tuple, values, nulls);
	if (!nulls[CHANNEL_SECRET])
		respond_log_filter_mark();
	if (!respond_restore_in_progress())
	{
		if (is_update)
			check_update(trigger->tg_trigtuple, desc, values, nulls);
		else
			check_insert(values, nulls);
	}
	/* without a secret, that of an INSERT whose conflict led to this UPDATE stays */
	if (!nulls[CHANNEL_NAME] && !nulls[CHANNEL_SECRET])
		respond_kept_secret_put(respond_row_text(values, nulls, CHANNEL_NAME),
								respond_row_text(values, nulls, CHANNEL_SECRET));
	nulls[CHANNEL_SECRET] = true;
	return PointerGetDatum(respond_shape_modify(&respond_shape_channel, desc, tuple, values, nulls));
}
