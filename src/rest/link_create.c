/*-------------------------------------------------------------------------
 * link_create.c
 *	  SQL functions that make links: approval_link(), rating_link().
 *
 * Whoever has a link answers as somebody else.  So a link to an approval is made by
 * who can become the approver anyway, or who owns the rule that asks, and so
 * says who is asked.
 *
 * src/rest/link_create.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "approval/approval.h"
#include "audit/audit_write.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/standby.h"
#include "desk/agent.h"
#include "event/event_context.h"
#include "rest/token_text.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "wire/public_address.h"

PG_FUNCTION_INFO_V1(respond_approval_link);
PG_FUNCTION_INFO_V1(respond_rating_link);

/* How long links are good if nobody says. */
#define DEFAULT_DAYS	7

static KeptPlan insert_link = {
	"INSERT INTO respond_internal.link (hash, role, role_login, approval_id, ticket_id, rater, created_by, expires_at)"
	" VALUES ($1, $2, coalesce($3, false), $4, $5, $6, $7, $8)",
	8, {BYTEAOID, OIDOID, BOOLOID, UUIDOID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID}
};
static KeptPlan find_rule = {
	"SELECT a.rule FROM respond.approval AS a WHERE a.id OPERATOR(pg_catalog.=) $1", 1, {UUIDOID}
};
static KeptPlan find_ticket = {
	"SELECT FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};

static bytea *
make_token(char *text)
{
	unsigned char random[TOKEN_RANDOM_SIZE];
	bytea	   *hash = palloc(VARHDRSZ + TOKEN_HASH_SIZE);

	if (!pg_strong_random(random, sizeof(random)) || !respond_token_text_make(random, text) ||
		!respond_token_text_hash(text, (unsigned char *) VARDATA(hash)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not make a link")));
	SET_VARSIZE(hash, VARHDRSZ + TOKEN_HASH_SIZE);
	return hash;
}

/* What callers type: the address that they know the server by, the database, the path. */
static text *
address(const char *token)
{
	return cstring_to_text(psprintf("%s/v1/links/%s", respond_public_address(), token));
}

static TimestampTz
read_expiry(FunctionCallInfo fcinfo, int i)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (PG_ARGISNULL(i))
		return now + DEFAULT_DAYS * USECS_PER_DAY;
	if (PG_GETARG_TIMESTAMPTZ(i) <= now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expires_at: the link would have expired already")));
	return PG_GETARG_TIMESTAMPTZ(i);
}

static void
audit(const char *action, const char *type, const char *id)
{
	AuditRow	row = {.action = action,.object_type = type,.object_id = id};

	respond_audit_write(&row, 1);
}

/* The role of an agent, or of this name. */
static Oid
find_approver(const char *name)
{
	Person	   *agent = respond_agent_find(name);
	Oid			role = agent != NULL ? agent->role : get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("approver: \"%s\" is neither an agent with a role nor a role", name)));
	return role;
}

/* The rule that asks; an error when there is no such approval. */
static char *
rule_of(Datum approval)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *rule = NULL;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(&find_rule, &approval, NULL) > 0)
		rule = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	if (rule == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("approval %s does not exist",
						DatumGetCString(DirectFunctionCall1(uuid_out, approval)))));
	return rule;
}

static void
check_may_lend(Oid role, const char *rule)
{
	RuleRow		row;

	if (superuser() || (!superuser_arg(role) && member_can_set_role(GetUserId(), role)))
		return;
	if (!superuser_arg(role) && respond_rule_find(rule, &row) &&
		respond_rule_acts_as(GetUserId(), respond_rule_owner(&row)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to make a link with which \"%s\" decides", GetUserNameFromId(role, false)),
			 errdetail("Only roles that can SET ROLE to it, and the owner of rule \"%s\", may do so.", rule)));
}

static void
insert(Datum *values, const char *nulls)
{
	SPI_connect();
	respond_kept_plan_run_as_owner(&insert_link, values, nulls);
	SPI_finish();
}

/* approval_link(approval uuid, approver text, expires_at timestamptz) RETURNS text */
Datum
respond_approval_link(PG_FUNCTION_ARGS)
{
	char		token[TOKEN_LENGTH + 1];
	Datum		values[8] = {0};
	Oid			role;

	respond_standby_refuse("approval_link()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("approval_link() needs an approval and an approver")));
	role = find_approver(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	check_may_lend(role, rule_of(PG_GETARG_DATUM(0)));
	values[0] = PointerGetDatum(make_token(token));
	values[1] = ObjectIdGetDatum(role);
	values[2] = BoolGetDatum(respond_role_logs_in(role));
	values[3] = PG_GETARG_DATUM(0);
	values[6] = CStringGetTextDatum(respond_event_context_actor());
	values[7] = TimestampTzGetDatum(read_expiry(fcinfo, 2));
	insert(values, "    nn  ");
	audit("approval.linked", "approval", DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0))));
	PG_RETURN_TEXT_P(address(token));
}

static void
require_ticket(Datum id)
{
	uint64		count;

	SPI_connect();
	count = respond_kept_plan_run(&find_ticket, &id, NULL);
	SPI_finish();
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("ticket " INT64_FORMAT " does not exist", DatumGetInt64(id))));
}

/* rating_link(ticket bigint, rater text, expires_at timestamptz) RETURNS text */
Datum
respond_rating_link(PG_FUNCTION_ARGS)
{
	char		token[TOKEN_LENGTH + 1];
	Datum		values[8] = {0};

	respond_standby_refuse("rating_link()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("rating_link() needs a ticket and who rates it")));
	require_ticket(PG_GETARG_DATUM(0));
	values[0] = PointerGetDatum(make_token(token));
	values[4] = PG_GETARG_DATUM(0);
	values[5] = PG_GETARG_DATUM(1);
	values[6] = CStringGetTextDatum(respond_event_context_actor());
	values[7] = TimestampTzGetDatum(read_expiry(fcinfo, 2));
	insert(values, " nnn    ");
	audit("ticket.rating_linked", "ticket", psprintf(INT64_FORMAT, PG_GETARG_INT64(0)));
	PG_RETURN_TEXT_P(address(token));
}
