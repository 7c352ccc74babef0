/*-------------------------------------------------------------------------
 * token.c
 *	  Whose a request is: the token that it brings.
 *
 * A token is looked up by its hash, so how long that takes tells nothing of
 * tokens that there are.  It acts as a role by number: as the one that it was made for, whatever that is
 * called now, and never as another one that has taken its name.
 *
 * Whoever has no token learns nothing: unknown, expired, switched off, of a role
 * that is gone or locked, all get the same answer.
 *
 * src/rest/token.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/known_role.h"
#include "common/pg_compat.h"
#include "companion/problem.h"
#include "desk/agent.h"
#include "inbound/network_list.h"
#include "rest/token.h"
#include "rest/token_scope.h"

/* Uses are noted this often, so that a request writes nothing but what it is for. */
#define NOTED_EVERY		"'5 minutes'"

/* The order of the columns of find_token. */
enum
{
	FOUND_HASH = 1, FOUND_NAME, FOUND_ROLE_SYSTEM, FOUND_ROLE_ID, FOUND_DB_ROLE, FOUND_ROLE_LOGIN, FOUND_FOR_SUPERUSER,
	FOUND_SCOPES, FOUND_IS_GOOD, FOUND_NETWORKS, FOUND_IS_USE_OLD
};

static KeptPlan find_token = {
	"SELECT t.hash, t.name, t.role_system, t.role_id, t.db_role, t.role_login, t.for_superuser, t.scopes,"
	" t.enabled AND (t.expires_at IS NULL OR t.expires_at OPERATOR(pg_catalog.>) respond_internal.clock_start()),"
	" t.allow_networks::pg_catalog.text[],"
	" t.used_at IS NULL OR t.used_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) " NOTED_EVERY
	"::pg_catalog.interval)"
	" FROM respond.api_token AS t WHERE t.hash OPERATOR(pg_catalog.=) $1",
	1, {BYTEAOID}
};

/* A row that somebody else changes at this moment is left alone. */
static KeptPlan note_use = {
	"UPDATE respond.api_token AS t SET used_at = pg_catalog.now(), used_from = $2 FROM"
	" (SELECT o.hash FROM respond.api_token AS o WHERE o.hash OPERATOR(pg_catalog.=) $1 AND"
	" (o.used_at IS NULL OR o.used_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) " NOTED_EVERY
	"::pg_catalog.interval)) FOR UPDATE SKIP LOCKED) AS f"
	" WHERE t.hash OPERATOR(pg_catalog.=) f.hash",
	2, {BYTEAOID, INETOID}
};

/* RFC 6750 section 3. */
static WebAnswer *
refuse_unknown(Arena *arena, bool has_token)
{
	WebAnswer  *answer = respond_problem(arena, 401, "A valid token is needed.");

	respond_web_answer_field(arena, answer, "WWW-Authenticate",
							 has_token ? "Bearer realm=\"pg_respond\", error=\"invalid_token\"" :
							 "Bearer realm=\"pg_respond\"");
	return answer;
}

static WebAnswer *
refuse_scope(Arena *arena, const char *scope)
{
	WebAnswer  *answer = respond_problem(arena, 403, psprintf("The token lacks the scope %s.", scope));

	respond_web_answer_field(arena, answer, "WWW-Authenticate",
							 psprintf("Bearer realm=\"pg_respond\", error=\"insufficient_scope\", scope=\"%s\"",
									  scope));
	return answer;
}

static Datum
hash_datum(const unsigned char *hash)
{
	bytea	   *bytes = palloc(VARHDRSZ + TOKEN_HASH_SIZE);

	SET_VARSIZE(bytes, VARHDRSZ + TOKEN_HASH_SIZE);
	memcpy(VARDATA(bytes), hash, TOKEN_HASH_SIZE);
	return PointerGetDatum(bytes);
}

/* Where the request comes from; false: a Unix socket. */
static bool
peer_datum(const char *peer, Datum *address)
{
	if (peer[0] == '\0')
		return false;
	*address = DirectFunctionCall1(inet_in, CStringGetDatum(peer));
	return true;
}

static uint64
run_with_hash(KeptPlan *plan, const unsigned char *hash, const char *peer)
{
	Datum		values[2] = {hash_datum(hash), (Datum) 0};
	char		nulls[2] = {' ', 'n'};

	if (peer_datum(peer, &values[1]))
		nulls[1] = ' ';
	return respond_kept_plan_run(plan, values, nulls);
}

static Datum
found_value(int column)
{
	bool		is_null;

	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);
}

/* The role, if there is still one that may act; else InvalidOid. */
static Oid
find_role(void)
{
	Oid			role = respond_known_role(DatumGetInt64(found_value(FOUND_ROLE_SYSTEM)),
										  DatumGetObjectId(found_value(FOUND_ROLE_ID)),
										  NameStr(*DatumGetName(found_value(FOUND_DB_ROLE))));

	if (!OidIsValid(role) || (DatumGetBool(found_value(FOUND_ROLE_LOGIN)) && !respond_role_logs_in(role)))
		return InvalidOid;
	if (superuser_arg(role) && !DatumGetBool(found_value(FOUND_FOR_SUPERUSER)))
		return InvalidOid;
	/* what keeps a role out of the database keeps its tokens out, too */
	if (object_aclcheck(DatabaseRelationId, MyDatabaseId, role, ACL_CONNECT) != ACLCHECK_OK)
		return InvalidOid;
	return role;
}

static bool
has_scope(const char *asked)
{
	Datum	   *words;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(found_value(FOUND_SCOPES)), TEXTOID, -1, false, TYPALIGN_INT,
					  &words, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && respond_scope_allows(TextDatumGetCString(words[i]), asked))
			return true;
	return false;
}

/* As for inbound sources: an address of IPv4 and the same one mapped into IPv6 are one. */
static bool
is_near(const char *peer)
{
	bool		is_null;
	Datum		networks = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, FOUND_NETWORKS, &is_null);
	Datum	   *texts;
	bool	   *nulls;
	int			count;
	Network		network;

	if (is_null)
		return true;
	deconstruct_array(DatumGetArrayTypeP(networks), TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && respond_network_read(TextDatumGetCString(texts[i]), &network) == NULL &&
			respond_network_list_has(&network, 1, peer))
			return true;
	return false;
}

/* Reads the row that was found; in the arena. */
static Token *
read_token(Arena *arena, const WebRequest *request, const unsigned char *hash)
{
	Token	   *token = respond_arena_alloc_zero(arena, sizeof(Token));
	char	   *name = TextDatumGetCString(found_value(FOUND_NAME));

	token->name = respond_arena_copy(arena, name, strlen(name));
	token->peer = request->peer;
	token->is_use_old = DatumGetBool(found_value(FOUND_IS_USE_OLD));
	memcpy(token->hash, hash, TOKEN_HASH_SIZE);
	return token;
}

static bool
is_same_hash(const unsigned char *hash)
{
	bytea	   *found = DatumGetByteaPP(found_value(FOUND_HASH));

	return VARSIZE_ANY_EXHDR(found) == TOKEN_HASH_SIZE && CRYPTO_memcmp(VARDATA_ANY(found), hash, TOKEN_HASH_SIZE) == 0;
}

static const Token *
judge(Arena *arena, const WebRequest *request, const unsigned char *hash, const char *scope, WebAnswer **answer)
{
	Token	   *token;

	if (run_with_hash(&find_token, hash, request->peer) != 1 || !is_same_hash(hash) ||
		!DatumGetBool(found_value(FOUND_IS_GOOD)))
	{
		*answer = refuse_unknown(arena, true);
		return NULL;
	}
	token = read_token(arena, request, hash);
	token->role = find_role();
	if (!OidIsValid(token->role))
		*answer = refuse_unknown(arena, true);
	else if (!is_near(request->peer))
		*answer = respond_problem(arena, 403, "The token cannot be used from here.");
	else if (!has_scope(scope))
		*answer = refuse_scope(arena, scope);
	else
		return token;
	return NULL;
}

const Token *
respond_token_check(Arena *arena, const WebRequest *request, const char *scope, WebAnswer **answer)
{
	const char *header = respond_web_field(request, "authorization");
	const char *text = header != NULL ? respond_token_text_find(header) : NULL;
	unsigned char hash[TOKEN_HASH_SIZE];
	const Token *token;

	if (text == NULL || respond_web_field_count(request, "authorization") != 1 || !respond_token_text_hash(text, hash))
	{
		*answer = refuse_unknown(arena, text != NULL);
		return NULL;
	}
	SPI_connect();
	token = judge(arena, request, hash, scope, answer);
	SPI_finish();
	return token;
}

bool
respond_token_is_good(Arena *arena, const unsigned char *hash, const char *peer, const char *scope, Oid role)
{
	WebRequest	request = {.peer = peer};
	WebAnswer  *answer;
	const Token *token;

	SPI_connect();
	token = judge(arena, &request, hash, scope, &answer);
	SPI_finish();
	return token != NULL && token->role == role;
}

void
respond_token_note_use(const Token *token)
{
	if (!token->is_use_old)
		return;
	SPI_connect();
	run_with_hash(&note_use, token->hash, token->peer);
	SPI_finish();
}
