/*-------------------------------------------------------------------------
 * agent.h
 *	  The people of the desk, and the roles that they work as.
 *
 * src/desk/agent.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_AGENT_H
#define RESPOND_AGENT_H

#include "nodes/pg_list.h"

#include "common/shape.h"

/* Columns of respond.agent that are looked at. */
enum
{
	AGENT_NAME, AGENT_DB_ROLE, AGENT_AVAILABLE, AGENT_ROLE_ID, AGENT_ROLE_SYSTEM, AGENT_COLUMNS
};

extern const Shape respond_shape_agent;
extern const Shape respond_shape_team_member;

/* Somebody who can act in the database. */
typedef struct Person
{
	const char *name;			/* of the agent, or of the role when it is no agent's */
	Oid			role;
	bool		is_agent;
} Person;

/* The agent of that name, NULL when there is none; role InvalidOid: works as no role. */
extern Person *respond_agent_find(const char *name);

/* Agents of a team that work as a role, as a list of Person *; those who are there, or all. */
extern List *respond_agents_of_team(const char *team, bool available);

/* Names of the agents that work as the role, or as one whose rights it has, as a list of char *. */
extern List *respond_agents_of_role(Oid role);

extern bool respond_team_exists(const char *team);

/* Whether somebody can log in as the role, which is then a person's. */
extern bool respond_role_logs_in(Oid role);

/* The person behind a role: its agent, or itself. */
extern Person *respond_person_of_role(Oid role);

/*
 * The people behind a role: one that can log in is a person; of one that cannot,
 * those of its members that can, and members without members count as people, too.
 */
extern List *respond_people_of_role(Oid role);

/*
 * Brings the names of roles up to date in all agents, and the numbers of roles
 * that came with a dump.  Asks for no rights.
 */
extern void respond_agent_roles_refresh(void);

#endif							/* RESPOND_AGENT_H */
