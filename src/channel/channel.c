/*-------------------------------------------------------------------------
 * channel.c
 *	  Channels, compiled from their rows.
 *
 * src/channel/channel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "channel/channel_row.h"
#include "common/arena_server.h"
#include "common/jsonb_size.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/trigger_call.h"
#include "outbox/outbox.h"
#include "wire/url.h"

PG_FUNCTION_INFO_V1(respond_channels_changed);

static KeptPlan read_channel = {CHANNEL_ROW_QUERY, 1, {TEXTOID}};

static bool
begins_at(const TemplatePathUse *use, const char *root)
{
	return strlen(root) == use->root_length && memcmp(root, use->root, use->root_length) == 0;
}

/* Names in a template that the courier knows when it sends. */
static bool
is_known_late(const TemplatePathUse *use)
{
	static const char *const late[] = {"secret", "options", "channel", "key"};

	for (int i = 0; i < lengthof(late); i++)
		if (begins_at(use, late[i]))
			return true;
	return false;
}

static void
note_path(void *state, const TemplatePathUse *use)
{
	if (!is_known_late(use))
		*(bool *) state = true;
}

bool
respond_channel_template_is_dynamic(const Template *template)
{
	bool		dynamic = false;

	respond_template_each_path(template, note_path, &dynamic);
	return dynamic;
}

static void
note_key(void *state, const TemplatePathUse *use)
{
	if (use->whole && begins_at(use, "key"))
		*(bool *) state = true;
}

static void
note_options(void *state, const TemplatePathUse *use)
{
	if (begins_at(use, "options"))
		*(bool *) state = true;
}

static char *
column_text(HeapTuple tuple, TupleDesc desc, int column)
{
	return SPI_getvalue(tuple, desc, column + 1);
}

static Datum
column_value(HeapTuple tuple, TupleDesc desc, int column, bool *is_null)
{
	return SPI_getbinval(tuple, desc, column + 1, is_null);
}

static Jsonb *
column_jsonb(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		is_null;
	Datum		value = column_value(tuple, desc, column, &is_null);

	return is_null ? NULL : DatumGetJsonbPCopy(value);
}

static bool
column_boolean(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		is_null;
	Datum		value = column_value(tuple, desc, column, &is_null);

	return !is_null && DatumGetBool(value);
}

static int32
column_int32(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		is_null;
	Datum		value = column_value(tuple, desc, column, &is_null);

	return is_null ? 0 : DatumGetInt32(value);
}

static void
read_delays(Channel *channel, HeapTuple tuple, TupleDesc desc)
{
	bool		is_null;
	Datum		value = column_value(tuple, desc, CHANNEL_ROW_DELAYS, &is_null);
	Datum	   *items;
	bool	   *nulls;
	int			count;

	if (is_null)
		return;
	deconstruct_array(DatumGetArrayTypeP(value), INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &items, &nulls, &count);
	channel->delays = palloc(sizeof(int64) * Max(count, 1));
	for (int i = 0; i < count; i++)
		channel->delays[i] = nulls[i] ? 0 : DatumGetInt64(items[i]);
	channel->delay_count = count;
}

/* A url without tags needs no template.  Raises nothing: somebody may be about to put right what is wrong. */
static void
compile_url(Channel *channel)
{
	Template   *template;
	TemplateError error;
	bool		filtered;

	if (channel->url == NULL || strstr(channel->url, "{{") == NULL)
		return;
	template = respond_template_compile(respond_arena_create_in(CurrentMemoryContext), channel->url,
										strlen(channel->url), &error);
	if (template == NULL)
	{
		channel->broken = psprintf("its url is not a template: %s", error.message);
		channel->url_names_secret = true;
		return;
	}
	channel->url_template = template;
	channel->url_per_delivery = respond_channel_template_is_dynamic(template);
	channel->url_names_secret = respond_channel_template_names_secret(template, &filtered);
	if (filtered)
		channel->broken = "url: {{secret}} cannot have a filter";
	respond_template_each_path(template, note_key, &channel->url_names_key);
	respond_template_each_path(template, note_options, &channel->url_names_options);
}

void
respond_channel_set_url(Channel *channel, const ChannelKind *kind, const char *url)
{
	StringInfoData digest;

	channel->url = url != NULL ? url : kind->url;
	channel->host = respond_url_host(channel->url, kind->transport);
	compile_url(channel);
	memcpy(channel->definition, kind->digest, SECRET_DIGEST_SIZE);
	if (!channel->url_names_secret)
		return;
	initStringInfo(&digest);
	appendBinaryStringInfo(&digest, (const char *) kind->digest, SECRET_DIGEST_SIZE);
	respond_secret_digest_add(&digest, "url", channel->url);
	respond_secret_digest_end(&digest, channel->definition);
}

/* What the kind says; its headers and templates are not copied. */
static void
set_kind(Channel *channel, const ChannelKind *kind)
{
	channel->shared = kind;
	channel->transport = kind->transport;
	channel->method = kind->method;
	channel->headers = kind->headers;
	channel->header_count = kind->header_count;
	channel->body = kind->body;
	channel->encoding = kind->encoding;
	channel->escape = kind->escape;
	channel->signature = kind->signature;
	channel->auth = kind->auth;
	channel->needs_text = kind->needs_text;
	channel->max_text = kind->max_text;
}

Channel *
respond_channel_compile(HeapTuple tuple, TupleDesc desc, const ChannelKind *kind)
{
	Channel    *channel = palloc0(sizeof(Channel));
	bool		is_null;
	Datum		rate;
	Jsonb	   *options = column_jsonb(tuple, desc, CHANNEL_ROW_OPTIONS);

	channel->id = *DatumGetUUIDP(column_value(tuple, desc, CHANNEL_ROW_ID, &is_null));
	channel->name = column_text(tuple, desc, CHANNEL_ROW_NAME);
	channel->kind = column_text(tuple, desc, CHANNEL_ROW_KIND);
	channel->max_attempts = column_int32(tuple, desc, CHANNEL_ROW_MAX_ATTEMPTS);
	channel->timeout_ms = column_int32(tuple, desc, CHANNEL_ROW_TIMEOUT);
	channel->concurrency = column_int32(tuple, desc, CHANNEL_ROW_CONCURRENCY);
	channel->ordered = column_boolean(tuple, desc, CHANNEL_ROW_ORDERED);
	channel->enabled = column_boolean(tuple, desc, CHANNEL_ROW_ENABLED);
	rate = column_value(tuple, desc, CHANNEL_ROW_RATE_LIMIT, &is_null);
	channel->rate_limit = is_null ? 0 : DatumGetFloat8(rate);
	read_delays(channel, tuple, desc);
	if (kind == NULL)
	{
		channel->broken = psprintf("its kind \"%s\" no longer exists", channel->kind);
		channel->host = "";
		channel->options = options;
		return channel;
	}
	set_kind(channel, kind);
	respond_channel_set_url(channel, kind, column_text(tuple, desc, CHANNEL_ROW_URL));
	/* most channels have no options of their own, and share the kind's */
	channel->options = JB_ROOT_COUNT(options) == 0 ? kind->options :
		DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(kind->options), JsonbPGetDatum(options)));
	/* whether a place has to be kept for the secret when a message is rendered */
	channel->uses_secret = kind->names_secret ||
		((channel->url_per_delivery || channel->url_names_options) && channel->url_names_secret);
	return channel;
}

const Channel *
respond_channel_read(const char *name)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = CStringGetTextDatum(name);
	Channel    *channel = NULL;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(&read_channel, &value, NULL) > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		bool		no_kind;

		(void) column_value(row, desc, CHANNEL_ROW_KIND_COLUMNS, &no_kind);
		channel = respond_channel_compile(row, desc, no_kind ? NULL :
										  respond_channel_kind_compile(row, desc, CHANNEL_ROW_KIND_COLUMNS + 1));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return channel;
}

SecretPlace
respond_channel_place(const Channel *channel)
{
	SecretPlace place = {.channel = channel->id,.host = channel->host};

	if (channel->shared != NULL)
		place.kind = channel->shared->id;
	memcpy(place.definition, channel->definition, SECRET_DIGEST_SIZE);
	return place;
}

char *
respond_channel_definition(const Channel *channel)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < UUID_LEN; i++)
		appendStringInfo(&text, "%02x", channel->shared->id.data[i]);
	appendStringInfoChar(&text, ':');
	for (int i = 0; i < SECRET_DIGEST_SIZE; i++)
		appendStringInfo(&text, "%02x", channel->definition[i]);
	return text.data;
}

char *
respond_channel_option(Jsonb *options, const char *name)
{
	JsonbValue	value;
	JsonbValue *found = getKeyJsonValueFromContainer(&options->root, name, strlen(name), &value);

	if (found == NULL || found->type == jbvNull)
		return NULL;
	return respond_jsonb_value_text(found);
}

void
respond_channel_changed(void)
{
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "channel"));
	respond_outbox_announce_all();
}

/* channels_changed(): AFTER any change FOR EACH STATEMENT on respond.channel and channel_kind. */
Datum
respond_channels_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_kind = CALLED_AS_TRIGGER(fcinfo) &&
	strcmp(RelationGetRelationName(trigger->tg_relation), "channel_kind") == 0;

	(void) respond_trigger_call(fcinfo, "channels_changed", "AFTER", "STATEMENT", is_kind ? "channel_kind" : "channel");
	respond_channel_changed();
	PG_RETURN_POINTER(NULL);
}
