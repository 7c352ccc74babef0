/*-------------------------------------------------------------------------
 * asked_roles.c
 *	  Which roles the names in a question meant when it was asked.
 *
 * A question may be open for months.  A role that takes the name of one that was
 * dropped must not decide it, and one that is renamed must not lose it, nor vote
 * twice, nor pass for somebody who did not cause it.
 *
 * src/approval/asked_roles.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "utils/acl.h"

#include "approval/asked_roles.h"
#include "approval/text_list.h"
#include "common/known_role.h"
#include "desk/agent.h"

static void
note(AskedRoles *roles, const char *name, Oid role)
{
	roles->system = (int64) GetSystemIdentifier();
	if (!OidIsValid(role) || respond_texts_place(roles->names, name) >= 0)
		return;
	roles->names = lappend(roles->names, unconstify(char *, name));
	roles->ids = lappend_oid(roles->ids, role);
}

void
respond_asked_roles_note(AskedRoles *roles, const List *names)
{
	ListCell   *cell;

	foreach(cell, names)
		note(roles, lfirst(cell), get_role_oid(lfirst(cell), true));
}

void
respond_asked_roles_note_approvers(AskedRoles *roles, const List *approvers)
{
	ListCell   *cell;

	foreach(cell, approvers)
		if (respond_agent_find(lfirst(cell)) == NULL)
			note(roles, lfirst(cell), get_role_oid(lfirst(cell), true));
}

void
respond_asked_roles_note_people(AskedRoles *roles, const List *people)
{
	ListCell   *cell;

	foreach(cell, people)
		note(roles, ((Person *) lfirst(cell))->name, ((Person *) lfirst(cell))->role);
}

Oid
respond_asked_role(const AskedRoles *roles, const char *name)
{
	int			place = respond_texts_place(roles->names, name);
	Oid			id = place >= 0 && place < list_length(roles->ids) ? list_nth_oid(roles->ids, place) : InvalidOid;

	return respond_known_role(roles->system, id, name);
}

const char *
respond_asked_name(const AskedRoles *roles, Oid role, const List *among)
{
	ListCell   *name;
	ListCell   *id;

	if (!respond_system_is_this(roles->system))
		return NULL;
	forboth(name, roles->names, id, roles->ids)
		if (lfirst_oid(id) == role && respond_texts_place(among, lfirst(name)) >= 0 &&
			respond_agent_find(lfirst(name)) == NULL)
			return lfirst(name);
	return NULL;
}
