/*-------------------------------------------------------------------------
 * token_create.c
 *	  create_token(): makes a token and shows it, once.
 *
 * The token is in no statement, row or log: its hash alone is kept.
 *
 * src/rest/token_create.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/pg_compat.h"
#include "common/standby.h"
#include "event/event_context.h"
#include "rest/token_text.h"

PG_FUNCTION_INFO_V1(respond_create_token);

static KeptPlan insert_token = {
	"INSERT INTO respond.api_token (name, hash, db_role, scopes, expires_at, allow_networks, created_by, for_superuser)"
	" VALUES ($1, $2, $3::pg_catalog.name, $4, $5, $6, $7, $8)",
	8, {TEXTOID, BYTEAOID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID, CIDRARRAYOID, TEXTOID, BOOLOID}
};

static void
require_argument(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a token must not be NULL", name)));
}

/* Whoever may become the role may let a token be it; a superuser is made by superusers alone.  Whether it is one. */
static bool
check_may_lend(const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("db_role: role \"%s\" does not exist", name)));
	if (superuser())
		return superuser_arg(role);
	if (superuser_arg(role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("db_role: only superusers can create a token that acts as superuser \"%s\"", name)));
	if (!member_can_set_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("db_role: permission denied to create a token that acts as role \"%s\"", name),
				 errdetail("Only roles that can SET ROLE \"%s\" may do so.", name)));
	return false;
}

static void
check_time(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(3) && PG_GETARG_TIMESTAMPTZ(3) <= GetCurrentTransactionStartTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expires_at: the token would have expired already")));
}

/* The list of networks, as cidr[]. */
static Datum
read_networks(ArrayType *list)
{
	Datum	   *texts;
	bool	   *nulls;
	int			count;

	deconstruct_array(list, TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("allow_networks: a network must not be NULL")));
		texts[i] = DirectFunctionCall1(cidr_in, CStringGetDatum(TextDatumGetCString(texts[i])));
	}
	return PointerGetDatum(construct_array(texts, count, CIDROID, -1, false, TYPALIGN_INT));
}

static bytea *
make_token(char *text)
{
	unsigned char random[TOKEN_RANDOM_SIZE];
	bytea	   *hash = palloc(VARHDRSZ + TOKEN_HASH_SIZE);

	if (!pg_strong_random(random, sizeof(random)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	if (!respond_token_text_make(random, text) || !respond_token_text_hash(text, (unsigned char *) VARDATA(hash)))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	explicit_bzero(random, sizeof(random));
	SET_VARSIZE(hash, VARHDRSZ + TOKEN_HASH_SIZE);
	return hash;
}

/* create_token(name text, db_role text, scopes text[], expires_at timestamptz, allow_networks text[]) RETURNS text */
Datum
respond_create_token(PG_FUNCTION_ARGS)
{
	char		token[TOKEN_LENGTH + 1];
	Datum		values[8];
	char		nulls[9] = "        ";

	respond_standby_refuse("create_token()");
	require_argument(fcinfo, 0, "name");
	require_argument(fcinfo, 1, "db_role");
	require_argument(fcinfo, 2, "scopes");
	values[7] = BoolGetDatum(check_may_lend(text_to_cstring(PG_GETARG_TEXT_PP(1))));
	check_time(fcinfo);
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PointerGetDatum(make_token(token));
	values[2] = PG_GETARG_DATUM(1);
	values[3] = PG_GETARG_DATUM(2);
	values[4] = PG_GETARG_DATUM(3);
	nulls[4] = PG_ARGISNULL(3) ? 'n' : ' ';
	values[5] = PG_ARGISNULL(4) ? (Datum) 0 : read_networks(PG_GETARG_ARRAYTYPE_P(4));
	nulls[5] = PG_ARGISNULL(4) ? 'n' : ' ';
	values[6] = CStringGetTextDatum(respond_event_context_actor());
	SPI_connect();
	respond_kept_plan_run_as_owner(&insert_token, values, nulls);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(token));
}
