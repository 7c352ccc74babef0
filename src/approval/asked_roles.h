/*-------------------------------------------------------------------------
 * asked_roles.h
 *	  Which roles the names in a question meant when it was asked.
 *
 * src/approval/asked_roles.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ASKED_ROLES_H
#define RESPOND_ASKED_ROLES_H

#include "nodes/pg_list.h"

typedef struct AskedRoles
{
	List	   *names;			/* texts */
	List	   *ids;			/* numbers of the roles, in the order of the names */
	int64		system;			/* in which these are numbers of roles */
} AskedRoles;

/* Notes the roles that these texts name now; others are left out, and of approvers those that are names of agents. */
extern void respond_asked_roles_note(AskedRoles *roles, const List *names);
extern void respond_asked_roles_note_approvers(AskedRoles *roles, const List *approvers);

/* The roles of these, a list of Person *, by the names of the people. */
extern void respond_asked_roles_note_people(AskedRoles *roles, const List *people);

/* The role of that name; InvalidOid: there is none, or it is another one by now. */
extern Oid	respond_asked_role(const AskedRoles *roles, const char *name);

/* The name among these, of people, that the role had; NULL: none. */
extern const char *respond_asked_name(const AskedRoles *roles, Oid role, const List *among);

#endif							/* RESPOND_ASKED_ROLES_H */
