/*-------------------------------------------------------------------------
 * set_secret.c
 *	  SQL functions about secrets: setting one, and whether there is a key.
 *
 * src/secret/set_secret.c
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
#include "common/partition_write.h"
#include "delivery/channel.h"
#include "delivery/channel_kind.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"
#include "secret/log_filter.h"

PG_FUNCTION_INFO_V1(respond_set_secret);
PG_FUNCTION_INFO_V1(respond_secret_key_status_sql);
PG_FUNCTION_INFO_V1(respond_secret_fault);

/* The lock makes two set_secret() of a channel wait for each other, and its removal for both. */
static KeptPlan lock_channel_plan = {
	"SELECT c.kind FROM respond.channel AS c WHERE c.name OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
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

/* The caller's own rights count: it must see the channel and be allowed to change channels.  Returns its kind. */
static char *
require_channel(const char *channel)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *kind = NULL;
	Oid			table = respond_relation_oid("respond", "channel");
	AclResult	acl = pg_class_aclcheck(table, GetUserId(), ACL_UPDATE);
	Datum		name;

	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_TABLE, "channel");
	SPI_connect();
	name = CStringGetTextDatum(channel);
	if (respond_kept_plan_run(&lock_channel_plan, &name, NULL) > 0)
		kind = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	if (kind == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("channel \"%s\" does not exist", channel),
				 errhidestmt(true)));
	return kind;
}

/* set_secret(channel text, secret text) RETURNS void */
Datum
respond_set_secret(PG_FUNCTION_ARGS)
{
	char	   *channel;
	char	   *kind;

	/* before anything can fail: what the statement holds is a secret even then */
	respond_log_filter_mark();
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of the channel must not be NULL"),
				 errhidestmt(true)));
	channel = text_to_cstring(PG_GETARG_TEXT_PP(0));
	kind = require_channel(channel);
	if (PG_ARGISNULL(1))
	{
		if (!respond_secret_remove(channel))
			PG_RETURN_VOID();
		write_audit("channel.secret_removed", channel);
	}
	else
	{
		char	   *secret = text_to_cstring(PG_GETARG_TEXT_PP(1));

		respond_channel_check_secret(kind, secret);
		respond_secret_store(channel, secret);
		respond_secret_wipe(secret);
		write_audit("channel.secret_set", channel);
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

/* secret_fault(channel text, sealed bytea) RETURNS text */
Datum
respond_secret_fault(PG_FUNCTION_ARGS)
{
	const char *fault = respond_secret_check(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_BYTEA_P(1));

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
