/*-------------------------------------------------------------------------
 * link.c
 *	  Links for one answer of one person, who needs no token.
 *
 * Whoever has the link can answer, so a link is a token: its hash alone is kept,
 * it expires, and is good for one answer.  Reading it uses nothing up, as programs
 * that look into mail do.  The row is locked until the answer is recorded or
 * refused, so of two answers at once one counts.
 *
 * src/rest/link.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/door.h"
#include "common/kept_plan.h"
#include "desk/agent.h"
#include "inbound/form_read.h"
#include "owner/owner_guard.h"
#include "rest/entity_tag.h"
#include "rest/link.h"

enum
{
	FOUND_ROLE = 1, FOUND_ROLE_LOGIN, FOUND_APPROVAL, FOUND_TICKET, FOUND_RATER, FOUND_IS_OVER
};

#define LINK_COLUMNS \
	"l.role, l.role_login, l.approval_id::pg_catalog.text, l.ticket_id, l.rater," \
	" l.used_at IS NOT NULL OR l.expires_at OPERATOR(pg_catalog.<=) respond_internal.clock_start()"

static KeptPlan find_link = {
	"SELECT " LINK_COLUMNS " FROM respond_internal.link AS l WHERE l.hash OPERATOR(pg_catalog.=) $1",
	1, {BYTEAOID}
};
static KeptPlan lock_link = {
	"SELECT " LINK_COLUMNS " FROM respond_internal.link AS l WHERE l.hash OPERATOR(pg_catalog.=) $1 FOR UPDATE",
	1, {BYTEAOID}
};
static KeptPlan use_link = {
	"UPDATE respond_internal.link AS l SET used_at = pg_catalog.now() WHERE l.hash OPERATOR(pg_catalog.=) $1",
	1, {BYTEAOID}
};

static uint64
run(KeptPlan *plan, const unsigned char *hash)
{
	bytea	   *bytes = palloc(VARHDRSZ + TOKEN_HASH_SIZE);
	Datum		value = PointerGetDatum(bytes);

	SET_VARSIZE(bytes, VARHDRSZ + TOKEN_HASH_SIZE);
	memcpy(VARDATA(bytes), hash, TOKEN_HASH_SIZE);
	return respond_kept_plan_run(plan, &value, NULL);
}

static Datum
found(int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, is_null);
}

/* In the arena; NULL where the column is. */
static const char *
found_text(RestCall *call, int column)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return text == NULL ? NULL : respond_arena_copy(call->arena, text, strlen(text));
}

static bool
may_act(Oid role)
{
	bool		is_null;

	return respond_owner_exists(role) &&
		(!DatumGetBool(found(FOUND_ROLE_LOGIN, &is_null)) || respond_role_logs_in(role));
}

static bool
read_link(RestCall *call, Link *link)
{
	bool		is_null;
	Token	   *token = respond_arena_alloc_zero(call->arena, sizeof(Token));

	if (DatumGetBool(found(FOUND_IS_OVER, &is_null)))
	{
		respond_call_refuse(call, 410, "This link was used, or its time is over.");
		return false;
	}
	link->approval = found_text(call, FOUND_APPROVAL);
	link->rater = found_text(call, FOUND_RATER);
	link->ticket_id = DatumGetInt64(found(FOUND_TICKET, &is_null));
	link->role = DatumGetObjectId(found(FOUND_ROLE, &is_null));
	if (is_null)
		link->role = respond_door_owner();
	else if (!may_act(link->role))
	{
		respond_call_refuse(call, 410, "Whoever this link was for cannot answer any more.");
		return false;
	}
	token->name = "link";
	token->role = link->role;
	call->token = token;
	call->link = link;
	return true;
}

static bool
find(RestCall *call, Link *link)
{
	bool		uses = !(call->route->flags & ROUTE_READS);

	if (!respond_token_text_hash(call->match.values[0], link->hash) ||
		run(uses ? &lock_link : &find_link, link->hash) == 0)
	{
		respond_call_refuse(call, 404, "There is no such link.");
		return false;
	}
	if (!read_link(call, link))
		return false;
	if (uses)
		run(&use_link, link->hash);
	return true;
}

static bool
check_form(RestCall *call)
{
	const char *type = respond_web_field(call->request, "content-type");

	if (call->route->flags & ROUTE_READS ||
		(type != NULL && respond_media_type_is(type, "application/x-www-form-urlencoded")))
		return true;
	respond_call_refuse(call, 415, "The body must be a form.");
	return false;
}

bool
respond_link_prepare(RestCall *call)
{
	Link	   *link = respond_arena_alloc_zero(call->arena, sizeof(Link));
	bool		ready;

	if (!check_form(call))
		return false;
	SPI_connect();
	ready = find(call, link);
	SPI_finish();
	return ready;
}

const char *
respond_link_field(const RestCall *call, const char *name)
{
	Form		form;
	const FormField *field;

	if (!respond_form_read(call->arena, call->request->body, call->request->body_length, &form))
		return NULL;
	field = respond_form_field(&form, name);
	if (field == NULL || field->value_length == 0 || memchr(field->value, '\0', field->value_length) != NULL)
		return NULL;
	return respond_call_from_utf8(field->value, field->value_length);
}
