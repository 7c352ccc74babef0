/*-------------------------------------------------------------------------
 * approver.c
 *	  Who may answer: agents, teams, who is on call, roles.
 *
 * src/approval/approver.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "approval/approver.h"
#include "common/clock.h"
#include "on_call/on_call_read.h"

/* What stands behind the prefix; NULL when the text does not begin with it. */
static const char *
after(const char *approver, const char *prefix)
{
	size_t		length = strlen(prefix);

	return strncmp(approver, prefix, length) == 0 ? approver + length : NULL;
}

static const char *
team_of(const char *approver, bool *available)
{
	const char *team = after(approver, APPROVER_TEAM);

	*available = team == NULL;
	return team != NULL ? team : after(approver, APPROVER_ON_CALL);
}

char *
respond_approver_fault(const char *approver)
{
	bool		available;
	const char *team = team_of(approver, &available);

	if (team != NULL)
		return respond_team_exists(team) ? NULL : psprintf("team \"%s\" does not exist", team);
	if (respond_agent_find(approver) != NULL || OidIsValid(get_role_oid(approver, true)))
		return NULL;
	return psprintf("there is no agent and no role \"%s\"", approver);
}

/* Who is on call, by the plan of the team; if it has none, who is there. */
static List *
people_on_call(const char *team)
{
	bool		planned;
	List	   *names = respond_on_call_names(team, respond_clock_now(), &planned);
	List	   *people = NIL;
	ListCell   *cell;

	if (!planned)
		return respond_agents_of_team(team, true);
	foreach(cell, names)
	{
		Person	   *agent = respond_agent_find(lfirst(cell));

		if (agent != NULL && OidIsValid(agent->role))
			people = lappend(people, agent);
	}
	return people;
}

static List *
people_of(const char *approver, const AskedRoles *roles)
{
	bool		available;
	const char *team = team_of(approver, &available);
	Person	   *agent;
	Oid			role;

	if (team != NULL)
		return available ? people_on_call(team) : respond_agents_of_team(team, false);
	agent = respond_agent_find(approver);
	if (agent != NULL)
		return OidIsValid(agent->role) ? list_make1(agent) : NIL;
	role = roles != NULL ? respond_asked_role(roles, approver) : get_role_oid(approver, true);
	return OidIsValid(role) ? respond_people_of_role(role) : NIL;
}

List *
respond_approvers_people(const List *approvers, const AskedRoles *roles)
{
	List	   *people = NIL;
	ListCell   *cell;

	foreach(cell, approvers)
	{
		List	   *more = people_of(lfirst(cell), roles);
		ListCell   *one;

		foreach(one, more)
			if (respond_people_find(people, ((Person *) lfirst(one))->role) == NULL)
				people = lappend(people, lfirst(one));
	}
	return people;
}

/* Whether it names one person, today and later. */
static bool
is_one_person(const char *approver)
{
	bool		available;

	if (team_of(approver, &available) != NULL)
		return false;
	return respond_agent_find(approver) != NULL || respond_role_logs_in(get_role_oid(approver, true));
}

int
respond_approvers_count(const List *approvers)
{
	ListCell   *cell;

	foreach(cell, approvers)
		if (!is_one_person(lfirst(cell)))
			return -1;
	return list_length(respond_approvers_people(approvers, NULL));
}

const Person *
respond_people_find(const List *people, Oid role)
{
	ListCell   *cell;

	foreach(cell, people)
	{
		const Person *person = lfirst(cell);

		if (person->role == role)
			return person;
	}
	return NULL;
}

bool
respond_person_caused(const Person *person, const List *causers, const AskedRoles *roles)
{
	ListCell   *cell;

	foreach(cell, causers)
	{
		Oid			role = respond_asked_role(roles, lfirst(cell));

		if (OidIsValid(role) && is_member_of_role_nosuper(person->role, role))
			return true;
	}
	return false;
}

List *
respond_people_without(List *people, const List *causers, const AskedRoles *roles)
{
	ListCell   *cell;

	foreach(cell, people)
		if (respond_person_caused(lfirst(cell), causers, roles))
			people = foreach_delete_current(people, cell);
	return people;
}

List *
respond_people_names(const List *people)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, people)
		names = lappend(names, unconstify(char *, ((Person *) lfirst(cell))->name));
	return names;
}
