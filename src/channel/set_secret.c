/*-------------------------------------------------------------------------
 * set_secret.c
 *	  SQL functions about secrets: setting one, and whether there is a key.
 *
 * src/channel/set_secret.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "audit/audit_write.h"
#include "channel/channel.h"
#include "channel/channel_kind.h"
#include "common/partition_write.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"
#include "secret/log_filter.h"

PG_FUNCTION_INFO_V1(respond_set_secret);
PG_FUNCTION_INFO_V1(respond_secret_key_status_sql);
PG_FUNCTION_INFO_V1(respond_secret_fault);

/* The lock makes two set_secret() of a channel wait for each other, and its removal for both. */
static KeptPlan lock_channel_plan = {
	"SELECT c.id FROM respond.channel AS c WHERE c.name OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
	1, {TEXTOID}
};

static void
write_audit(const char *action, const char *channel)
{
	AuditRow	row = {0};

	row.action = action;
	row.object_type = "channel";
	row.object_id = channel;
	respond_audit_write(&row, 1);
}

/* The caller's own rights count: it must see the channel and be allowed to change channels. */
static const Channel *
require_channel(const char *channel)
{
	Oid			table = respond_relation_oid("respond", "channel");
	AclResult	acl = pg_class_aclcheck(table, GetUserId(), ACL_UPDATE);
	uint64		found;
	Datum		name;

	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_TABLE, "channel");
	SPI_connect();
	name = CStringGetTextDatum(channel);
	found = respond_kept_plan_run(&lock_channel_plan, &name, NULL);
	SPI_finish();
	if (found == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("channel \"%s\" does not exist", channel),
				 errhidestmt(true)));
	return respond_channel_read(channel);
}

/* Nobody knows what such a channel will be one day, and so where its secret would go. */
static void
require_kind(const Channel *channel)
{
	if (channel->shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the secret of channel \"%s\" cannot be set: %s", channel->name, channel->broken),
				 errhint("Give the channel a kind first."),
				 errhidestmt(true)));
}

/* set_secret(channel text, secret text) RETURNS void */
Datum
respond_set_secret(PG_FUNCTION_ARGS)
{
	char	   *name;
	const Channel *channel;

	/* before anything can fail: what the statement holds is a secret even then */
	respond_log_filter_mark();
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of the channel must not be NULL"),
				 errhidestmt(true)));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	channel = require_channel(name);
	if (PG_ARGISNULL(1))
	{
		if (!respond_secret_remove(&channel->id))
			PG_RETURN_VOID();
		write_audit("channel.secret_removed", name);
	}
	else
	{
		char	   *secret = text_to_cstring(PG_GETARG_TEXT_PP(1));
		SecretPlace place = respond_channel_place(channel);

		require_kind(channel);
		respond_channel_check_secret(channel->shared, secret);
		respond_secret_store(name, &place, secret);
		respond_secret_wipe(secret);
		write_audit("channel.secret_set", name);
	}
	respond_channel_changed();
	PG_RETURN_VOID();
}

/* secret_key_status() RETURNS text */
Datum
respond_secret_key_status_sql(PG_FUNCTION_ARGS)
{
	char	   *status = respond_secret_key_status();

	if (status == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(status));
}

/* secret_fault(channel text) RETURNS text: why the channel's secret cannot be used where the channel leads now */
Datum
respond_secret_fault(PG_FUNCTION_ARGS)
{
	const Channel *channel = respond_channel_read(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SecretPlace place;
	const char *fault;

	if (channel == NULL)
		PG_RETURN_NULL();
	place = respond_channel_place(channel);
	fault = respond_secret_check(&place);
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
