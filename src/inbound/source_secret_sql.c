/*-------------------------------------------------------------------------
 * source_secret_sql.c
 *	  SQL functions about secrets of sources: setting, adding and dropping them.
 *
 * src/inbound/source_secret_sql.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "audit/audit_write.h"
#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "inbound/source.h"
#include "inbound/source_check.h"
#include "inbound/source_wake.h"
#include "secret/channel_secret.h"
#include "secret/log_filter.h"
#include "secret/source_secret.h"

PG_FUNCTION_INFO_V1(respond_set_inbound_secret);
PG_FUNCTION_INFO_V1(respond_add_inbound_secret);
PG_FUNCTION_INFO_V1(respond_drop_inbound_secrets);
PG_FUNCTION_INFO_V1(respond_inbound_secret_fault);

/* The lock makes two of these functions wait for each other, and a removal of the source for all. */
static KeptPlan lock_source = {
	"SELECT FROM respond.inbound_source AS s WHERE s.name OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
	1, {TEXTOID}
};

/* The caller's own rights count: they must see the source and be allowed to change sources. */
static InboundSource *
require_source(FunctionCallInfo fcinfo)
{
	AclResult	acl = pg_class_aclcheck(respond_relation_oid("respond", "inbound_source"), GetUserId(), ACL_UPDATE);
	InboundSource *source;
	Datum		name;
	uint64		found;

	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_TABLE, "inbound_source");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of the source must not be NULL"),
				 errhidestmt(true)));
	SPI_connect();
	name = PG_GETARG_DATUM(0);
	found = respond_kept_plan_run(&lock_source, &name, NULL);
	SPI_finish();
	if (found == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("inbound source \"%s\" does not exist", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhidestmt(true)));
	source = respond_source_find(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the scheme of inbound source \"%s\" does not exist", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("Give the source another scheme first."),
				 errhidestmt(true)));
	respond_source_close(source);
	return source;
}

static void
write_audit(const char *action, const char *source)
{
	AuditRow	row = {0};

	row.action = action;
	row.object_type = "inbound_source";
	row.object_id = source;
	respond_audit_write(&row, 1);
	respond_source_changed();
}

static void
add(const InboundSource *source, text *given)
{
	SecretPlace place = respond_source_place(source);
	char	   *secret = text_to_cstring(given);

	respond_source_check_secret(&source->scheme, "secret", secret);
	respond_source_secret_add(source->name, &place, secret);
	respond_secret_wipe(secret);
}

/* set_inbound_secret(source text, secret text) RETURNS void */
Datum
respond_set_inbound_secret(PG_FUNCTION_ARGS)
{
	InboundSource *source;

	/* before anything can fail: what the statement holds is a secret even then */
	respond_log_filter_mark();
	source = require_source(fcinfo);
	if (respond_source_secret_keep(&source->id, 0) > 0 && PG_ARGISNULL(1))
		write_audit("inbound_source.secret_removed", source->name);
	if (!PG_ARGISNULL(1))
	{
		add(source, PG_GETARG_TEXT_PP(1));
		write_audit("inbound_source.secret_set", source->name);
	}
	PG_RETURN_VOID();
}

/* add_inbound_secret(source text, secret text) RETURNS void */
Datum
respond_add_inbound_secret(PG_FUNCTION_ARGS)
{
	InboundSource *source;

	respond_log_filter_mark();
	source = require_source(fcinfo);
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the secret must not be NULL"),
				 errhidestmt(true)));
	if (respond_source_secret_count(&source->id) >= SOURCE_SECRETS_MOST)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_SOURCE),
				 errmsg("inbound source \"%s\" has %d secrets already", source->name, SOURCE_SECRETS_MOST),
				 errhint("respond.drop_inbound_secrets(source) removes all but the newest."),
				 errhidestmt(true)));
	add(source, PG_GETARG_TEXT_PP(1));
	write_audit("inbound_source.secret_added", source->name);
	PG_RETURN_VOID();
}

/* drop_inbound_secrets(source text, keep integer) RETURNS integer */
Datum
respond_drop_inbound_secrets(PG_FUNCTION_ARGS)
{
	InboundSource *source = require_source(fcinfo);
	int			keep = PG_ARGISNULL(1) ? -1 : PG_GETARG_INT32(1);
	int			dropped;

	if (keep < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("keep must be 0 or more")));
	dropped = respond_source_secret_keep(&source->id, keep);
	if (dropped > 0)
		write_audit("inbound_source.secret_removed", source->name);
	PG_RETURN_INT32(dropped);
}

/* inbound_secret_fault(source text) RETURNS text: why no request can be checked; NULL: it can */
Datum
respond_inbound_secret_fault(PG_FUNCTION_ARGS)
{
	InboundSource *source = respond_source_find(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const char *fault;

	if (source == NULL || source->scheme.scheme.algorithm == SIGNATURE_NONE)
		PG_RETURN_NULL();
	fault = source->fault != NULL ? psprintf("its secret %s", source->fault) :
		source->key_count == 0 ? "it has no secret" : NULL;
	respond_source_close(source);
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
