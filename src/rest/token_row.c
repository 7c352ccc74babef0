/*-------------------------------------------------------------------------
 * token_row.c
 *	  Columns of respond.api_token, and the trigger that refuses tokens that cannot work.
 *
 * A token acts as a role, not as whoever has its name, as rules belong to roles
 * (see known_role.c): the number of the role is kept beside the name.
 *
 * src/rest/token_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "common/known_role.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "desk/agent.h"
#include "event/name_check.h"
#include "rest/token_row.h"
#include "rest/token_scope.h"

PG_FUNCTION_INFO_V1(respond_api_token_validate);

static const ShapeColumn token_columns[] = {
	{"name", TEXTOID},
	{"hash", BYTEAOID},
	{"db_role", NAMEOID},
	{"scopes", TEXTARRAYOID},
	{"expires_at", TIMESTAMPTZOID},
	{"allow_networks", CIDRARRAYOID},
	{"enabled", BOOLOID},
	{"created_at", TIMESTAMPTZOID},
	{"created_by", TEXTOID},
	{"used_at", TIMESTAMPTZOID},
	{"used_from", INETOID},
	{"role_id", OIDOID},
	{"role_system", INT8OID},
	{"role_login", BOOLOID},
	{"for_superuser", BOOLOID},
};

StaticAssertDecl(lengthof(token_columns) == TOKEN_COLUMNS, "each column of respond.api_token has its type");

const Shape respond_shape_api_token = SHAPE("respond.api_token", token_columns);

static void
check_scopes(Datum scopes)
{
	Datum	   *words;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(scopes), TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scopes: a token without scopes could do nothing"),
				 errhint("{*} stands for everything that the role may do.")));
	for (int i = 0; i < count; i++)
	{
		char	   *word = nulls[i] ? NULL : TextDatumGetCString(words[i]);

		if (word == NULL || !respond_scope_is_word(word))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scopes: \"%s\" is no scope", word != NULL ? word : "NULL"),
					 errhint("A scope is *, read, write, one of %s, or one of these with \":read\" or \":write\" behind"
							 " it.", SCOPE_WORDS_AREA)));
	}
}

/* The role that the row before meant; InvalidOid when there was none. */
static Oid
role_before(TriggerData *trigger)
{
	Datum		values[TOKEN_COLUMNS];
	bool		nulls[TOKEN_COLUMNS];

	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return InvalidOid;
	respond_shape_deform(&respond_shape_api_token, RelationGetDescr(trigger->tg_relation), trigger->tg_trigtuple,
						 values, nulls);
	if (nulls[TOKEN_ROLE_ID] || nulls[TOKEN_ROLE_SYSTEM])
		return InvalidOid;
	return respond_known_role(DatumGetInt64(values[TOKEN_ROLE_SYSTEM]), DatumGetObjectId(values[TOKEN_ROLE_ID]),
							  NameStr(*DatumGetName(values[TOKEN_DB_ROLE])));
}

/* The number of the role that the token names, and of another one than before, whether somebody can log in as it. */
static void
enter_role(Datum *values, bool *nulls, Oid before)
{
	const char *name = NameStr(*DatumGetName(values[TOKEN_DB_ROLE]));
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("db_role: role \"%s\" does not exist", name),
				 errhint("It names the role that requests with the token run as.")));
	values[TOKEN_ROLE_ID] = ObjectIdGetDatum(role);
	values[TOKEN_ROLE_SYSTEM] = Int64GetDatum((int64) GetSystemIdentifier());
	nulls[TOKEN_ROLE_ID] = nulls[TOKEN_ROLE_SYSTEM] = false;
	if (role == before)
		return;
	values[TOKEN_ROLE_LOGIN] = BoolGetDatum(respond_role_logs_in(role));
	nulls[TOKEN_ROLE_LOGIN] = false;
}

/* Whether the statement sets the role, or says nothing of it. */
static bool
sets_role(TriggerData *trigger)
{
	int			column = respond_shape_place(&respond_shape_api_token, RelationGetDescr(trigger->tg_relation),
											 TOKEN_DB_ROLE) + 1;

	return TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		bms_is_member(column - FirstLowInvalidHeapAttributeNumber, trigger->tg_updatedcols);
}

/* api_token_validate(): BEFORE INSERT OR UPDATE ON respond.api_token FOR EACH ROW */
Datum
respond_api_token_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "api_token_validate", "BEFORE", "ROW", "api_token");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		values[TOKEN_COLUMNS];
	bool		nulls[TOKEN_COLUMNS];
	char	   *name;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_api_token, desc, tuple, values, nulls);
	name = respond_row_text(values, nulls, TOKEN_NAME);
	if (name != NULL)
		respond_name_check("token", name);
	if (!nulls[TOKEN_SCOPES])
		check_scopes(values[TOKEN_SCOPES]);
	if (nulls[TOKEN_DB_ROLE] || !sets_role(trigger))
		return PointerGetDatum(tuple);
	enter_role(values, nulls, role_before(trigger));
	return PointerGetDatum(respond_shape_modify(&respond_shape_api_token, desc, tuple, values, nulls));
}
