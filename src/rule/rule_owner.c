/*-------------------------------------------------------------------------
 * rule_owner.c
 *	  Whose a rule is, and who may make it act.
 *
 * A rule belongs to a role, not to a name: the role's number is kept beside its
 * name, so a role that is renamed keeps its rules, and one that takes over the
 * name of a role that was dropped does not get them.  The name is there to be
 * read and for dumps.
 *
 * In another cluster the names count (see known_role.c), and the clock enters the
 * numbers after respond.release().
 *
 * src/rule/rule_owner.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/known_role.h"
#include "common/pg_compat.h"
#include "owner/owner_guard.h"
#include "rule/rule_owner.h"

/* Stands in start_roles for everybody; no role can have this name. */
#define EVERYBODY			"public"

static OwnerChange change = OWNER_CHANGE_BY_USER;

OwnerChange
respond_rule_owner_change(void)
{
	return change;
}

Oid
respond_rule_owner(const RuleRow *row)
{
	if (row->owner == NULL)
		return InvalidOid;
	return respond_known_role(row->owner_system, row->owner_id, row->owner);
}

char *
respond_rule_owner_fault(const RuleRow *row)
{
	if (OidIsValid(respond_owner_find(row->owner)))
		return psprintf("owner: role \"%s\" no longer exists; the role of that name is another one",
						row->owner);
	return psprintf("owner: role \"%s\" does not exist", row->owner);
}

bool
respond_rule_acts_as(Oid user, Oid role)
{
	if (!OidIsValid(role))
		return superuser_arg(user);
	return member_can_set_role(user, role);
}

static int
names_of(const RuleRow *row, Datum **names, bool **nulls)
{
	int			count = 0;

	if (row->start_roles != NULL)
		deconstruct_array(row->start_roles, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, names, nulls, &count);
	return count;
}

static int
ids_of(const RuleRow *row, Datum **ids)
{
	int			count = 0;
	bool	   *nulls;

	if (row->start_role_ids != NULL)
		deconstruct_array(row->start_role_ids, OIDOID, sizeof(Oid), true, TYPALIGN_INT, ids, &nulls, &count);
	return count;
}

/* The roles of start_roles; InvalidOid for those that are gone, and for everybody. */
static Oid
start_role(const RuleRow *row, int place, const char *name, const Datum *ids, int id_count)
{
	return respond_known_role(row->owner_system, place < id_count ? DatumGetObjectId(ids[place]) : InvalidOid, name);
}

bool
respond_rule_has_leave(Oid user, const RuleRow *row)
{
	Datum	   *names;
	Datum	   *ids;
	bool	   *nulls;
	int			count = names_of(row, &names, &nulls);
	int			id_count = ids_of(row, &ids);

	for (int i = 0; i < count; i++)
	{
		const char *name = NameStr(*DatumGetName(names[i]));
		Oid			role;

		if (nulls[i])
			continue;
		if (strcmp(name, EVERYBODY) == 0)
			return true;
		role = start_role(row, i, name, ids, id_count);
		if (OidIsValid(role) && has_privs_of_role(user, role))
			return true;
	}
	return false;
}

void
respond_rule_owner_set(RuleRow *row, Oid owner)
{
	row->owner_id = owner;
	row->owner_system = (int64) GetSystemIdentifier();
}

static ArrayType *
make_ids(Datum *ids, int count)
{
	return construct_array(ids, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT);
}

void
respond_rule_start_roles_set(RuleRow *row)
{
	Datum	   *names;
	bool	   *nulls;
	int			count = names_of(row, &names, &nulls);
	Datum	   *ids = palloc0(Max(count, 1) * sizeof(Datum));

	row->start_role_ids = NULL;
	if (row->start_roles == NULL)
		return;
	for (int i = 0; i < count; i++)
	{
		const char *name = nulls[i] ? "" : NameStr(*DatumGetName(names[i]));
		Oid			role = respond_owner_find(name);

		if (!OidIsValid(role) && strcmp(name, EVERYBODY) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("start_roles: role \"%s\" does not exist", name),
					 errhint("It names the roles whose members may start the rule by hand; \"public\" stands for"
							 " everybody.")));
		ids[i] = ObjectIdGetDatum(role);
	}
	row->start_role_ids = make_ids(ids, count);
}

static char *
role_name(Oid role, const char *otherwise)
{
	char	   *name = OidIsValid(role) ? GetUserNameFromId(role, true) : NULL;

	return name != NULL ? name : pstrdup(otherwise);
}

void
respond_rule_roles_refresh(RuleRow *row)
{
	Oid			owner = respond_rule_owner(row);
	Datum	   *names;
	Datum	   *ids;
	bool	   *nulls;
	int			count = names_of(row, &names, &nulls);
	int			id_count = ids_of(row, &ids);
	Datum	   *known = palloc0(Max(count, 1) * sizeof(Datum));

	/* an owner who may still come, when the roles of a dump are loaded after it */
	if (!OidIsValid(owner) && !respond_system_is_this(row->owner_system))
		return;
	for (int i = 0; i < count; i++)
	{
		const char *name = nulls[i] ? "" : NameStr(*DatumGetName(names[i]));
		Oid			role = start_role(row, i, name, ids, id_count);
		Name		current = palloc0(sizeof(NameData));

		namestrcpy(current, role_name(role, name));
		names[i] = NameGetDatum(current);
		known[i] = ObjectIdGetDatum(role);
	}
	if (row->start_roles != NULL)
	{
		row->start_roles = construct_array(names, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR);
		row->start_role_ids = make_ids(known, count);
	}
	if (OidIsValid(owner))
	{
		row->owner = role_name(owner, row->owner);
		respond_rule_owner_set(row, owner);
	}
}

bool
respond_rule_start_roles_within(const RuleRow *row, const RuleRow *before)
{
	Datum	   *names;
	Datum	   *names_before;
	bool	   *nulls;
	bool	   *nulls_before;
	int			count = names_of(row, &names, &nulls);
	int			count_before = names_of(before, &names_before, &nulls_before);

	for (int i = 0; i < count; i++)
	{
		bool		found = false;

		for (int j = 0; j < count_before && !found; j++)
			found = !nulls[i] && !nulls_before[j] &&
				strcmp(NameStr(*DatumGetName(names[i])), NameStr(*DatumGetName(names_before[j]))) == 0;
		if (!found)
			return false;
	}
	return true;
}

static KeptPlan refresh_plan = {
	"UPDATE respond.rule AS r SET owner = r.owner"
	" WHERE CASE WHEN r.owner_system OPERATOR(pg_catalog.=) $1"
	" THEN EXISTS (SELECT FROM pg_catalog.pg_roles AS o WHERE o.oid OPERATOR(pg_catalog.=) r.owner_id"
	" AND o.rolname OPERATOR(pg_catalog.<>) r.owner)"
	" OR EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(r.start_role_ids), pg_catalog.unnest(r.start_roles)) AS s"
	" (id, name)"
	" JOIN pg_catalog.pg_roles AS o ON o.oid OPERATOR(pg_catalog.=) s.id WHERE o.rolname OPERATOR(pg_catalog.<>)"
	" s.name)"
	" ELSE EXISTS (SELECT FROM pg_catalog.pg_roles AS o WHERE o.rolname OPERATOR(pg_catalog.=) r.owner) END",
	1, {INT8OID}
};
static KeptPlan move_plan = {
	"UPDATE respond.rule AS r SET owner = $1"
	" WHERE r.owner_id OPERATOR(pg_catalog.=) ANY ($2) AND r.owner_system OPERATOR(pg_catalog.=) $3",
	3, {NAMEOID, OIDARRAYOID, INT8OID}
};

/* Schedules have owners as rules do. */
static KeptPlan refresh_schedules_plan = {
	"UPDATE respond.schedule AS s SET owner = s.owner"
	" WHERE CASE WHEN s.owner_system OPERATOR(pg_catalog.=) $1"
	" THEN EXISTS (SELECT FROM pg_catalog.pg_roles AS o WHERE o.oid OPERATOR(pg_catalog.=) s.owner_id"
	" AND o.rolname OPERATOR(pg_catalog.<>) s.owner)"
	" ELSE EXISTS (SELECT FROM pg_catalog.pg_roles AS o WHERE o.rolname OPERATOR(pg_catalog.=) s.owner) END",
	1, {INT8OID}
};
static KeptPlan move_schedules_plan = {
	"UPDATE respond.schedule AS s SET owner = $1"
	" WHERE s.owner_id OPERATOR(pg_catalog.=) ANY ($2) AND s.owner_system OPERATOR(pg_catalog.=) $3",
	3, {NAMEOID, OIDARRAYOID, INT8OID}
};

static void
run_change(OwnerChange kind, KeptPlan *rules, KeptPlan *schedules, Datum *values)
{
	OwnerChange before = change;

	change = kind;
	PG_TRY();
	{
		SPI_connect();
		(void) respond_kept_plan_run_as_owner(rules, values, NULL);
		(void) respond_kept_plan_run_as_owner(schedules, values, NULL);
		SPI_finish();
	}
	PG_FINALLY();
	{
		change = before;
	}
	PG_END_TRY();
}

void
respond_rule_owners_refresh(void)
{
	Datum		values[1] = {Int64GetDatum((int64) GetSystemIdentifier())};

	run_change(OWNER_CHANGE_REFRESH, &refresh_plan, &refresh_schedules_plan, values);
}

void
respond_rule_owners_move(List *from, Oid to)
{
	Datum		values[3];
	Datum	   *ids = palloc(list_length(from) * sizeof(Datum));
	NameData	name;

	for (int i = 0; i < list_length(from); i++)
		ids[i] = ObjectIdGetDatum(list_nth_oid(from, i));
	namestrcpy(&name, GetUserNameFromId(to, false));
	values[0] = NameGetDatum(&name);
	values[1] = PointerGetDatum(make_ids(ids, list_length(from)));
	values[2] = Int64GetDatum((int64) GetSystemIdentifier());
	run_change(OWNER_CHANGE_MOVE, &move_plan, &move_schedules_plan, values);
}
