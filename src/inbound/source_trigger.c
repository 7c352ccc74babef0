/*-------------------------------------------------------------------------
 * source_trigger.c
 *	  The triggers of respond.inbound_source: what cannot work is refused.
 *
 * Secrets that are given with a row must never get into the table: the trigger
 * before the row takes them away, the one after it has them encrypted
 * (channel/kept_secret.h).  They are bound to what their scheme does with
 * secrets, so a source that changes to another one needs them anew.
 *
 * src/inbound/source_trigger.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "channel/identity.h"
#include "channel/kept_secret.h"
#include "common/errors.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "inbound/column_refuse.h"
#include "inbound/source.h"
#include "inbound/source_check.h"
#include "inbound/source_wake.h"
#include "secret/channel_secret.h"
#include "secret/log_filter.h"
#include "secret/source_secret.h"

PG_FUNCTION_INFO_V1(respond_inbound_source_begin);
PG_FUNCTION_INFO_V1(respond_inbound_source_validate);
PG_FUNCTION_INFO_V1(respond_inbound_source_keep_secrets);
PG_FUNCTION_INFO_V1(respond_inbound_source_deleted);
PG_FUNCTION_INFO_V1(respond_inbound_sources_changed);

/* Stands between secrets that are kept together; no secret has it. */
#define BETWEEN_SECRETS		'\x1f'

/* A name under which no channel keeps its secret. */
static char *
kept_name(const char *source)
{
	return psprintf("\001%s", source);
}

/* Where each secret of a row stands, and itself; returns how many there are. */
static int
list_secrets(const Datum *values, const bool *nulls, char **places, char **secrets, int most)
{
	Datum	   *items;
	bool	   *item_nulls;
	int			item_count;
	int			count = 0;

	if (!nulls[SOURCE_SECRET])
	{
		places[count] = pstrdup("secret");
		secrets[count++] = respond_row_text(values, nulls, SOURCE_SECRET);
	}
	if (nulls[SOURCE_SECRETS])
		return count;
	deconstruct_array(DatumGetArrayTypePCopy(values[SOURCE_SECRETS]), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &item_nulls, &item_count);
	for (int i = 0; i < item_count; i++)
	{
		if (count == most)
			respond_column_refuse("secrets", psprintf("more than %d secrets", most), NULL);
		places[count] = psprintf("secrets[%d]", i + 1);
		secrets[count++] = item_nulls[i] ? pstrdup("") : TextDatumGetCString(items[i]);
	}
	return count;
}

static void
check_given(const SchemeRow *scheme, const Datum *values, const bool *nulls)
{
	char	   *places[SOURCE_SECRETS_MOST];
	char	   *secrets[SOURCE_SECRETS_MOST];
	int			count = list_secrets(values, nulls, places, secrets, SOURCE_SECRETS_MOST);

	for (int i = 0; i < count; i++)
		respond_source_check_secret(scheme, places[i], secrets[i]);
}

static void
keep_given(const Datum *values, const bool *nulls)
{
	char	   *places[SOURCE_SECRETS_MOST];
	char	   *secrets[SOURCE_SECRETS_MOST];
	int			count = list_secrets(values, nulls, places, secrets, SOURCE_SECRETS_MOST);
	StringInfoData all;

	if (count == 0 || nulls[SOURCE_NAME])
		return;
	initStringInfo(&all);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoChar(&all, BETWEEN_SECRETS);
		appendStringInfoString(&all, secrets[i]);
	}
	respond_kept_secret_put(kept_name(respond_row_text(values, nulls, SOURCE_NAME)), all.data);
	respond_secret_wipe(all.data);
}

/* What nobody has to say. */
static void
settle(Datum *values, bool *nulls, const Datum *old_values)
{
	respond_identity_set(&values[SOURCE_ID], &nulls[SOURCE_ID], old_values == NULL ? NULL : &old_values[SOURCE_ID]);
	if (nulls[SOURCE_PATH] && !nulls[SOURCE_NAME])
	{
		values[SOURCE_PATH] = values[SOURCE_NAME];
		nulls[SOURCE_PATH] = false;
	}
	if (!nulls[SOURCE_PATH])
		respond_row_set_text(values, nulls, SOURCE_PATH,
							 respond_source_path(respond_row_text(values, nulls, SOURCE_PATH)));
	if (old_values != NULL)
	{
		values[SOURCE_UPDATED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
		nulls[SOURCE_UPDATED_AT] = false;
	}
}

/*
 * Its secrets could not be decrypted under another scheme: this only says so in
 * time.
 */
static void
check_secrets_stay(const Datum *old_values, const bool *old_nulls, const SchemeRow *scheme)
{
	char	   *before = respond_row_text(old_values, old_nulls, SOURCE_SCHEME);
	SchemeRow	old_scheme;

	if (strcmp(before, scheme->name) == 0 || respond_source_secret_count(DatumGetUUIDP(old_values[SOURCE_ID])) == 0 ||
		(respond_source_lock_scheme(before, &old_scheme) &&
		 memcmp(old_scheme.definition, scheme->definition, SECRET_DIGEST_SIZE) == 0))
		return;
	respond_column_refuse("scheme", psprintf("the secrets of source \"%s\" were given for scheme \"%s\"",
						  respond_row_text(old_values, old_nulls, SOURCE_NAME), before),
						  "Give the secrets again in the same statement, or remove them first with"
						  " respond.set_inbound_secret(source, NULL).");
}

static void
check_row(Datum *values, bool *nulls, const Datum *old_values, const bool *old_nulls)
{
	char	   *name = respond_row_text(values, nulls, SOURCE_NAME);
	char	   *scheme_name = respond_row_text(values, nulls, SOURCE_SCHEME);
	SchemeRow	scheme;
	InboundSource source;

	/* the table itself refuses these */
	if (name == NULL || scheme_name == NULL)
		return;
	respond_name_check("source", name);
	settle(values, nulls, old_values);
	if (!respond_source_lock_scheme(scheme_name, &scheme))
		respond_column_refuse("scheme", psprintf("there is no scheme \"%s\"", scheme_name),
							  "respond.inbound_scheme lists the schemes; a new one is a row there.");
	respond_source_read(values, nulls, &scheme, &source);
	check_given(&scheme, values, nulls);
	if (old_values == NULL)
		return;
	if (strcmp(respond_row_text(old_values, old_nulls, SOURCE_NAME), name) != 0)
		respond_column_refuse("name", "a source cannot be renamed", "Insert a new one, and delete this one.");
	if (nulls[SOURCE_SECRET] && nulls[SOURCE_SECRETS] && respond_kept_secret_peek(kept_name(name)) == NULL)
		check_secrets_stay(old_values, old_nulls, &scheme);
}

/* inbound_source_begin(): BEFORE INSERT OR UPDATE ON respond.inbound_source FOR EACH STATEMENT */
Datum
respond_inbound_source_begin(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "inbound_source_begin", "BEFORE", "STATEMENT", "inbound_source");
	respond_kept_secret_forget();
	PG_RETURN_POINTER(NULL);
}

/* inbound_source_validate(): BEFORE INSERT OR UPDATE ON respond.inbound_source FOR EACH ROW */
Datum
respond_inbound_source_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "inbound_source_validate", "BEFORE", "ROW", "inbound_source");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	Datum		values[SOURCE_COLUMNS];
	bool		nulls[SOURCE_COLUMNS];
	Datum		old_values[SOURCE_COLUMNS];
	bool		old_nulls[SOURCE_COLUMNS];

	respond_shape_deform(&respond_shape_inbound_source, desc, tuple, values, nulls);
	if (!nulls[SOURCE_SECRET] || !nulls[SOURCE_SECRETS])
		respond_log_filter_mark();
	if (is_update)
	{
		respond_shape_deform(&respond_shape_inbound_source, desc, trigger->tg_trigtuple, old_values, old_nulls);
		/* the columns are NOT NULL, but a superuser can change that */
		if (old_nulls[SOURCE_ID] || old_nulls[SOURCE_NAME] || old_nulls[SOURCE_SCHEME])
			respond_column_refuse("id", "the row has no id, name or scheme", "Delete it and insert the source anew.");
	}
	if (!respond_restore_in_progress())
		check_row(values, nulls, is_update ? old_values : NULL, old_nulls);
	keep_given(values, nulls);
	nulls[SOURCE_SECRET] = nulls[SOURCE_SECRETS] = true;
	return PointerGetDatum(respond_shape_modify(&respond_shape_inbound_source, desc, tuple, values, nulls));
}

/* The first one is the newest. */
static void
store(const char *name, const SecretPlace *place, char *kept)
{
	char	   *last;

	respond_source_secret_keep(&place->channel, 0);
	while ((last = strrchr(kept, BETWEEN_SECRETS)) != NULL)
	{
		respond_source_secret_add(name, place, last + 1);
		*last = '\0';
	}
	respond_source_secret_add(name, place, kept);
}

static void
write_audit(const char *source)
{
	AuditRow	row = {0};

	row.action = "inbound_source.secret_set";
	row.object_type = "inbound_source";
	row.object_id = source;
	respond_audit_write(&row, 1);
}

/* inbound_source_keep_secrets(): AFTER INSERT OR UPDATE ON respond.inbound_source FOR EACH ROW */
Datum
respond_inbound_source_keep_secrets(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "inbound_source_keep_secrets", "AFTER", "ROW",
												"inbound_source");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	Datum		values[SOURCE_COLUMNS];
	bool		nulls[SOURCE_COLUMNS];
	char	   *name;
	char	   *kept;
	size_t		length;
	SchemeRow	scheme;

	respond_shape_deform(&respond_shape_inbound_source, RelationGetDescr(trigger->tg_relation), tuple, values, nulls);
	name = respond_row_text(values, nulls, SOURCE_NAME);
	kept = respond_kept_secret_take(kept_name(name));
	if (kept == NULL)
		return PointerGetDatum(NULL);
	length = strlen(kept);
	PG_TRY();
	{
		if (respond_source_lock_scheme(respond_row_text(values, nulls, SOURCE_SCHEME), &scheme))
		{
			SecretPlace place = respond_source_secret_place(DatumGetUUIDP(values[SOURCE_ID]), scheme.definition);

			store(name, &place, kept);
			if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
				write_audit(name);
		}
	}
	PG_FINALLY();
	{
		memset(kept, 'x', length);
		respond_secret_wipe(kept);
	}
	PG_END_TRY();
	return PointerGetDatum(NULL);
}

/* inbound_source_deleted(): AFTER DELETE FOR EACH ROW, or AFTER TRUNCATE, ON respond.inbound_source */
Datum
respond_inbound_source_deleted(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "inbound_source_deleted", "AFTER", NULL, "inbound_source");
	Datum		values[SOURCE_COLUMNS];
	bool		nulls[SOURCE_COLUMNS];

	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		respond_source_secret_forget_all();
		return PointerGetDatum(NULL);
	}
	respond_shape_deform(&respond_shape_inbound_source, RelationGetDescr(trigger->tg_relation), trigger->tg_trigtuple,
						 values, nulls);
	respond_source_secret_keep(DatumGetUUIDP(values[SOURCE_ID]), 0);
	return PointerGetDatum(NULL);
}

/* inbound_sources_changed(): AFTER any change FOR EACH STATEMENT on respond.inbound_source and inbound_scheme */
Datum
respond_inbound_sources_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_scheme = CALLED_AS_TRIGGER(fcinfo) &&
	strcmp(RelationGetRelationName(trigger->tg_relation), "inbound_scheme") == 0;

	(void) respond_trigger_call(fcinfo, "inbound_sources_changed", "AFTER", "STATEMENT",
								is_scheme ? "inbound_scheme" : "inbound_source");
	respond_source_changed();
	PG_RETURN_POINTER(NULL);
}
