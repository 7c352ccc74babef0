/*-------------------------------------------------------------------------
 * approver.h
 *	  Who may answer: agents, teams, who is on call, roles.
 *
 * src/approval/approver.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPROVER_H
#define RESPOND_APPROVER_H

#include "approval/asked_roles.h"
#include "desk/agent.h"

/* How approvers are written that are no name of an agent or a role. */
#define APPROVER_TEAM		"team:"
#define APPROVER_ON_CALL	"on_call:"

/* Why there can be nobody of that name, palloc'd; NULL: there can. */
extern char *respond_approver_fault(const char *approver);

/*
 * The people that a list of texts names now, as a list of Person *, each role
 * once.  A name that is nobody's any more is nobody.  roles: which roles the texts
 * meant when they were written down; NULL: those of today.
 */
extern List *respond_approvers_people(const List *approvers, const AskedRoles *roles);

/* How many people they will be, whatever becomes of teams and groups; -1 when that cannot be told. */
extern int	respond_approvers_count(const List *approvers);

/* The one of them who is this role; NULL: none. */
extern const Person *respond_people_find(const List *people, Oid role);

/*
 * Those of them who did not cause it.  Somebody who may become the role that did
 * may have been it.
 */
extern bool respond_person_caused(const Person *person, const List *causers, const AskedRoles *roles);
extern List *respond_people_without(List *people, const List *causers, const AskedRoles *roles);

/* Their names. */
extern List *respond_people_names(const List *people);

#endif							/* RESPOND_APPROVER_H */
