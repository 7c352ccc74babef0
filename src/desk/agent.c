/*-------------------------------------------------------------------------
 * agent.c
 *	  The people of the desk, and the roles that they work as.
 *
 * An agent works as a role, not as whoever has its name, as rules belong to roles
 * (see known_role.c): the number of the role is kept beside the name.
 *
 * src/desk/agent.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/syscache.h"

#include "common/kept_plan.h"
#include "common/known_role.h"
#include "common/pg_compat.h"
#include "desk/agent.h"

static const ShapeColumn agent_columns[] = {
	{"name", TEXTOID},
	{"db_role", NAMEOID},
	{"available", BOOLOID},
	{"role_id", OIDOID},
	{"role_system", INT8OID},
};

StaticAssertDecl(lengthof(agent_columns) == AGENT_COLUMNS, "each column of respond.agent has its type");

static const ShapeColumn member_columns[] = {
	{"team", TEXTOID},
	{"agent", TEXTOID},
};

const Shape respond_shape_agent = SHAPE("respond.agent", agent_columns);
const Shape respond_shape_team_member = SHAPE("respond.team_member", member_columns);

static KeptPlan by_name = {
	"SELECT a.name, a.db_role, a.role_id, a.role_system FROM respond.agent AS a"
	" WHERE a.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
static KeptPlan by_role = {
	"SELECT a.name, a.db_role, a.role_id, a.role_system FROM respond.agent AS a"
	" WHERE a.role_id OPERATOR(pg_catalog.=) $1 OR a.db_role OPERATOR(pg_catalog.=) $2",
	2, {OIDOID, NAMEOID}
};
static KeptPlan by_roles = {
	"SELECT a.name, a.db_role, a.role_id, a.role_system FROM respond.agent AS a"
	" WHERE a.role_id OPERATOR(pg_catalog.=) ANY ($1) OR a.db_role OPERATOR(pg_catalog.=) ANY ($2)",
	2, {OIDARRAYOID, NAMEARRAYOID}
};
static KeptPlan by_team = {
	"SELECT a.name, a.db_role, a.role_id, a.role_system FROM respond.team_member AS m"
	" JOIN respond.agent AS a ON a.name OPERATOR(pg_catalog.=) m.agent"
	" WHERE m.team OPERATOR(pg_catalog.=) $1 AND a.db_role IS NOT NULL AND (a.available OR NOT $2) ORDER BY a.name",
	2, {TEXTOID, BOOLOID}
};
static KeptPlan team = {
	"SELECT FROM respond.team AS t WHERE t.name OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}
};

static KeptPlan refresh = {
	"UPDATE respond.agent AS a SET db_role = r.rolname FROM pg_catalog.pg_roles AS r"
	" WHERE CASE WHEN a.role_system OPERATOR(pg_catalog.=) $1"
	" THEN r.oid OPERATOR(pg_catalog.=) a.role_id AND r.rolname OPERATOR(pg_catalog.<>) a.db_role"
	" ELSE r.rolname OPERATOR(pg_catalog.=) a.db_role END",
	1, {INT8OID}
};

static Person *
make_person(const char *name, Oid role, bool is_agent)
{
	Person	   *person = palloc(sizeof(Person));

	person->name = pstrdup(name);
	person->role = role;
	person->is_agent = is_agent;
	return person;
}

static int64
number_at(HeapTuple tuple, TupleDesc desc, int column)
{
	char	   *text = SPI_getvalue(tuple, desc, column);

	return text == NULL ? 0 : pg_strtoint64(text);
}

/* The role in a row of a name, the name of a role, its number and the system of that. */
static Oid
role_of(HeapTuple tuple, TupleDesc desc)
{
	char	   *name = SPI_getvalue(tuple, desc, 2);

	return name == NULL ? InvalidOid : respond_known_role(number_at(tuple, desc, 4), (Oid) number_at(tuple, desc, 3),
														  name);
}

/* Runs a query of such rows; a list of Person * in the caller's memory context. */
static List *
fetch_people(KeptPlan *plan, Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *people = NIL;
	uint64		count;

	SPI_connect();
	count = respond_kept_plan_run_as_owner(plan, values, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		char	   *name = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 1);
		Oid			role = role_of(tuple, SPI_tuptable->tupdesc);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		people = lappend(people, make_person(name, role, true));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return people;
}

Person *
respond_agent_find(const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	List	   *people = fetch_people(&by_name, &value);

	return people != NIL ? linitial(people) : NULL;
}

List *
respond_agents_of_team(const char *name, bool available)
{
	Datum		values[2] = {CStringGetTextDatum(name), BoolGetDatum(available)};
	List	   *people = fetch_people(&by_team, values);
	ListCell   *cell;

	foreach(cell, people)
		if (!OidIsValid(((Person *) lfirst(cell))->role))
			people = foreach_delete_current(people, cell);
	return people;
}

/* The role and those that it is in, however far up. */
static void
collect_held(Oid role, List **held)
{
	CatCList   *list;

	check_stack_depth();
	if (list_member_oid(*held, role))
		return;
	*held = lappend_oid(*held, role);
	list = SearchSysCacheList1(AUTHMEMMEMROLE, role);
	for (int i = 0; i < list->n_members; i++)
		collect_held(((Form_pg_auth_members) GETSTRUCT(&list->members[i]->tuple))->roleid, held);
	ReleaseCatCacheList(list);
}

List *
respond_agents_of_role(Oid role)
{
	List	   *held = NIL;
	List	   *names = NIL;
	List	   *people;
	Datum	   *ids;
	Datum	   *role_names;
	int			count = 0;
	Datum		values[2];
	ListCell   *cell;

	collect_held(role, &held);
	ids = palloc(list_length(held) * sizeof(Datum));
	role_names = palloc(list_length(held) * sizeof(Datum));
	foreach(cell, held)
	{
		char	   *name = has_privs_of_role(role, lfirst_oid(cell)) ? GetUserNameFromId(lfirst_oid(cell), true) : NULL;

		if (name == NULL)
			continue;
		ids[count] = lfirst_oid(cell);
		role_names[count++] = DirectFunctionCall1(namein, CStringGetDatum(name));
	}
	values[0] = PointerGetDatum(construct_array(ids, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	values[1] = PointerGetDatum(construct_array(role_names, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
	people = fetch_people(&by_roles, values);
	foreach(cell, people)
	{
		Person	   *person = lfirst(cell);

		/* an agent whose role has changed its name is found by a name that another role has now */
		if (OidIsValid(person->role) && has_privs_of_role(role, person->role))
			names = lappend(names, unconstify(char *, person->name));
	}
	return names;
}

bool
respond_team_exists(const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	bool		exists;

	SPI_connect();
	exists = respond_kept_plan_run_as_owner(&team, &value, NULL) > 0;
	SPI_finish();
	return exists;
}

Person *
respond_person_of_role(Oid role)
{
	char	   *role_name = GetUserNameFromId(role, false);
	NameData	name;
	Datum		values[2] = {ObjectIdGetDatum(role), NameGetDatum(&name)};
	List	   *people;
	ListCell   *cell;

	namestrcpy(&name, role_name);
	people = fetch_people(&by_role, values);
	foreach(cell, people)
		if (((Person *) lfirst(cell))->role == role)
			return lfirst(cell);
	/* an agent of that name is somebody else */
	return make_person(respond_agent_find(role_name) != NULL ? psprintf("role:%s", role_name) : role_name, role, false);
}

bool
respond_role_logs_in(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	ReleaseSysCache(tuple);
	return result;
}

/* The roles that may use the rights of this one. */
static List *
find_members(Oid role)
{
	CatCList   *list = SearchSysCacheList1(AUTHMEMROLEMEM, ObjectIdGetDatum(role));
	List	   *members = NIL;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_auth_members form = (Form_pg_auth_members) GETSTRUCT(&list->members[i]->tuple);

		if (respond_membership_counts(form))
			members = list_append_unique_oid(members, form->member);
	}
	ReleaseCatCacheList(list);
	return members;
}

static void
collect_roles(Oid role, List **seen, List **roles)
{
	List	   *members;
	ListCell   *cell;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (list_member_oid(*seen, role))
		return;
	*seen = lappend_oid(*seen, role);
	members = respond_role_logs_in(role) ? NIL : find_members(role);
	if (members == NIL)
		*roles = lappend_oid(*roles, role);
	foreach(cell, members)
		collect_roles(lfirst_oid(cell), seen, roles);
}

List *
respond_people_of_role(Oid role)
{
	List	   *seen = NIL;
	List	   *roles = NIL;
	List	   *people = NIL;
	ListCell   *cell;

	collect_roles(role, &seen, &roles);
	foreach(cell, roles)
		people = lappend(people, respond_person_of_role(lfirst_oid(cell)));
	return people;
}

void
respond_agent_roles_refresh(void)
{
	Datum		value = Int64GetDatum((int64) GetSystemIdentifier());

	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&refresh, &value, NULL);
	SPI_finish();
}
