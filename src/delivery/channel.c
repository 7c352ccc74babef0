/*-------------------------------------------------------------------------
 * channel.c
 *	  Channels and their kinds, read once and kept compiled.
 *
 * Dispatchers render messages with them, the courier sends by them.  Both hear
 * of changes as of an invalidation of respond.channel, which arrives when the
 * change commits.  A row that cannot be used any more is kept with the reason,
 * so that it is told once and not looked for again.
 *
 * src/delivery/channel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_size.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/trigger_call.h"
#include "delivery/channel.h"
#include "delivery/outbox.h"

PG_FUNCTION_INFO_V1(respond_channels_changed);

/* Longest name of a channel in bytes, as the trigger keeps it. */
#define NAME_SIZE	256

typedef struct ChannelEntry
{
	char		name[NAME_SIZE];	/* hash key */
	Channel    *channel;		/* NULL: there is none of that name */
} ChannelEntry;

enum
{
	COLUMN_NAME, COLUMN_KIND, COLUMN_URL, COLUMN_OPTIONS, COLUMN_MAX_ATTEMPTS, COLUMN_DELAYS,
	COLUMN_TIMEOUT, COLUMN_RATE_LIMIT, COLUMN_CONCURRENCY, COLUMN_ORDERED, COLUMN_ENABLED,
	COLUMN_TRANSPORT, COLUMN_METHOD, COLUMN_KIND_URL, COLUMN_HEADERS, COLUMN_BODY, COLUMN_ENCODING,
	COLUMN_ESCAPE, COLUMN_SIGNATURE, COLUMN_AUTH, COLUMN_NEEDS_TEXT, COLUMN_DEFAULTS,
	COLUMN_MAX_TEXT, COLUMN_COUNT
};

static KeptPlan find_channel = {
	"SELECT c.name, c.kind, c.url, c.options, c.max_attempts,"
	" (SELECT pg_catalog.array_agg((pg_catalog.date_part('epoch', d.delay) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 ORDER BY d.place)"
	"    FROM pg_catalog.unnest(c.retry_delays) WITH ORDINALITY AS d (delay, place)),"
	" (pg_catalog.date_part('epoch', c.timeout) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4,"
	" c.rate_limit, c.concurrency, c.ordered, c.enabled,"
	" k.transport, k.method, k.url, k.headers, k.body, k.encoding, k.escape, k.signature, k.auth, k.needs_text, k.options, k.max_text"
	" FROM respond.channel AS c LEFT JOIN respond.channel_kind AS k ON k.name OPERATOR(pg_catalog.=) c.kind"
	" WHERE c.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};

static MemoryContext cache_context = NULL;
static MemoryContext previous_context = NULL;	/* of the generation before */
static HTAB *cache = NULL;
static uint64 generation = 1;	/* of what the tables say */
static uint64 cached_generation = 0;	/* of what the cache holds */
static Oid	channel_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == channel_table)
		generation++;
}

uint64
respond_channel_generation(void)
{
	static bool registered = false;

	if (!registered)
	{
		respond_relation_on_change(table_changed);
		registered = true;
	}
	AcceptInvalidationMessages();
	return generation;
}

static void
reset_cache(uint64 current)
{
	HASHCTL		control = {.keysize = NAME_SIZE,.entrysize = sizeof(ChannelEntry)};
	MemoryContext oldest = previous_context;

	cache = NULL;
	/* whoever is about to read what has changed may fail, and look at what it had once more */
	previous_context = cache_context;
	cache_context = oldest;
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(TopMemoryContext, "pg_respond channels", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(cache_context);
	control.hcxt = cache_context;
	cache = hash_create("pg_respond channels", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	channel_table = respond_relation_oid("respond", "channel");
	cached_generation = current;
}

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

static bool
is_secret(const TemplatePathUse *use)
{
	return use->whole && begins_at(use, "secret");
}

static void
note_secret(void *state, const TemplatePathUse *use)
{
	/* a mark stands in its place, which must stay whole */
	if (is_secret(use) && use->filtered)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("{{secret}} cannot have a filter")));
	if (is_secret(use))
		*(bool *) state = true;
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

static void
note_json_secret(void *state, const char *where, const TemplatePathUse *use)
{
	note_secret(state, use);
}

/* Whether a place has to be kept for the secret when a message is rendered. */
static bool
uses_secret(const Channel *channel)
{
	bool		uses = false;

	if (channel->body != NULL)
		respond_json_template_each_path(channel->body, note_json_secret, &uses);
	for (int i = 0; i < channel->header_count; i++)
		respond_template_each_path(channel->headers[i].value, note_secret, &uses);
	return uses || ((channel->url_per_delivery || channel->url_names_options) && channel->url_names_secret);
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
	Datum		value = column_value(tuple, desc, COLUMN_DELAYS, &is_null);
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

static void
read_headers(Channel *channel, Jsonb *headers)
{
	JsonValue  *object = respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), headers);

	channel->headers = palloc0(sizeof(KindHeader) * Max(object->count, 1));
	for (size_t i = 0; i < object->count; i++)
	{
		KindHeader *header = &channel->headers[channel->header_count++];

		header->name = pstrdup(object->members[i].name);
		header->value = respond_template_compile_in(CurrentMemoryContext, object->members[i].value->text,
													object->members[i].value->length, "headers");
	}
}

static void
read_kind(Channel *channel, HeapTuple tuple, TupleDesc desc)
{
	char	   *transport = column_text(tuple, desc, COLUMN_TRANSPORT);
	char	   *encoding = column_text(tuple, desc, COLUMN_ENCODING);
	char	   *auth = column_text(tuple, desc, COLUMN_AUTH);
	char	   *escape = column_text(tuple, desc, COLUMN_ESCAPE);
	Jsonb	   *body = column_jsonb(tuple, desc, COLUMN_BODY);
	bool		is_null;

	channel->transport = strcmp(transport, "http") == 0 ? TRANSPORT_HTTP :
		strcmp(transport, "smtp") == 0 ? TRANSPORT_SMTP : TRANSPORT_NOTIFY;
	channel->encoding = strcmp(encoding, "json") == 0 ? ENCODING_JSON :
		strcmp(encoding, "form") == 0 ? ENCODING_FORM : ENCODING_TEXT;
	channel->auth = auth == NULL ? AUTH_NONE : strcmp(auth, "basic") == 0 ? AUTH_BASIC : AUTH_BEARER;
	if (!respond_template_escape_by_name(escape, strlen(escape), &channel->escape))
		elog(ERROR, "unexpected escape \"%s\"", escape);
	channel->method = column_text(tuple, desc, COLUMN_METHOD);
	channel->signature = column_boolean(tuple, desc, COLUMN_SIGNATURE);
	channel->needs_text = column_boolean(tuple, desc, COLUMN_NEEDS_TEXT);
	(void) column_value(tuple, desc, COLUMN_MAX_TEXT, &is_null);
	channel->max_text = is_null ? 0 : column_int32(tuple, desc, COLUMN_MAX_TEXT);
	if (channel->url == NULL)
		channel->url = column_text(tuple, desc, COLUMN_KIND_URL);
	read_headers(channel, column_jsonb(tuple, desc, COLUMN_HEADERS));
	if (body != NULL)
		channel->body = respond_json_template_compile_in(CurrentMemoryContext,
														 respond_json_value_from_jsonb(respond_arena_create_in(CurrentMemoryContext), body),
														 "body");
	channel->options = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
														  JsonbPGetDatum(column_jsonb(tuple, desc, COLUMN_DEFAULTS)),
														  JsonbPGetDatum(channel->options)));
}

/* In the context of the cache. */
static Channel *
read_channel(HeapTuple tuple, TupleDesc desc)
{
	Channel    *channel = palloc0(sizeof(Channel));
	bool		is_null;
	Datum		rate;

	channel->name = column_text(tuple, desc, COLUMN_NAME);
	channel->kind = column_text(tuple, desc, COLUMN_KIND);
	channel->url = column_text(tuple, desc, COLUMN_URL);
	channel->options = column_jsonb(tuple, desc, COLUMN_OPTIONS);
	channel->max_attempts = column_int32(tuple, desc, COLUMN_MAX_ATTEMPTS);
	channel->timeout_ms = column_int32(tuple, desc, COLUMN_TIMEOUT);
	channel->concurrency = column_int32(tuple, desc, COLUMN_CONCURRENCY);
	channel->ordered = column_boolean(tuple, desc, COLUMN_ORDERED);
	channel->enabled = column_boolean(tuple, desc, COLUMN_ENABLED);
	rate = column_value(tuple, desc, COLUMN_RATE_LIMIT, &is_null);
	channel->rate_limit = is_null ? 0 : DatumGetFloat8(rate);
	read_delays(channel, tuple, desc);
	(void) column_value(tuple, desc, COLUMN_TRANSPORT, &is_null);
	if (is_null)
	{
		channel->broken = psprintf("its kind \"%s\" does not exist", channel->kind);
		return channel;
	}
	read_kind(channel, tuple, desc);
	if (channel->url != NULL)
	{
		channel->url_template = respond_template_compile_in(CurrentMemoryContext, channel->url,
															strlen(channel->url), "url");
		channel->url_per_delivery = respond_channel_template_is_dynamic(channel->url_template);
		respond_template_each_path(channel->url_template, note_key, &channel->url_names_key);
		respond_template_each_path(channel->url_template, note_secret, &channel->url_names_secret);
		respond_template_each_path(channel->url_template, note_options, &channel->url_names_options);
	}
	channel->uses_secret = uses_secret(channel);
	return channel;
}

/* A copy of the row, so that SPI is left before anything in it can be at fault. */
static HeapTuple
find_row(const char *name, TupleDesc *desc)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = CStringGetTextDatum(name);
	HeapTuple	row = NULL;

	SPI_connect();
	if (respond_kept_plan_run(&find_channel, &value, NULL) > 0)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		row = heap_copytuple(SPI_tuptable->vals[0]);
		*desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return row;
}

/* Only memory is touched, so an error can be caught without a subtransaction; a dump may bring rows that no trigger saw. */
static Channel *
read_or_break(const char *name, HeapTuple row, TupleDesc desc)
{
	MemoryContext caller = MemoryContextSwitchTo(cache_context);
	Channel    *volatile channel = NULL;

	PG_TRY();
	{
		channel = read_channel(row, desc);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		MemoryContextSwitchTo(cache_context);
		channel = palloc0(sizeof(Channel));
		channel->name = pstrdup(name);
		channel->kind = column_text(row, desc, COLUMN_KIND);
		channel->broken = pstrdup(error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return channel;
}

const Channel *
respond_channel_find(const char *name)
{
	uint64		current = respond_channel_generation();
	char		key[NAME_SIZE] = {0};
	ChannelEntry *entry;
	Channel    *channel = NULL;
	HeapTuple	row;
	TupleDesc	desc;

	if (strlen(name) >= NAME_SIZE)
		return NULL;
	if (cache == NULL || cached_generation != current)
		reset_cache(current);
	strlcpy(key, name, sizeof(key));
	entry = hash_search(cache, key, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->channel;

	row = find_row(name, &desc);
	if (row != NULL)
		channel = read_or_break(name, row, desc);
	entry = hash_search(cache, key, HASH_ENTER, NULL);
	entry->channel = channel;
	return channel;
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
