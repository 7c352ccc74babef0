/*-------------------------------------------------------------------------
 * restore.c
 *	  Telling a dump that is being loaded from ordinary use.
 *
 * pg_dump's scripts and every connection of pg_restore begin by emptying
 * search_path and switching check_function_bodies off.  Nobody works that way
 * by hand.
 *
 * The session itself must be a superuser's: a function with SECURITY DEFINER
 * and an empty search_path could be called by anybody with
 * check_function_bodies off.
 *
 * Rows that a subscription of a superuser's applies are taken in the same way:
 * they were checked and put on record on the server that they come from.  A
 * session that merely sets session_replication_role is no such thing; our
 * triggers fire there (ENABLE ALWAYS) and do all that they do elsewhere.
 *
 * src/common/restore.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/acl.h"
#include "utils/guc.h"

#include "common/restore.h"

static bool
looks_like_restore(void)
{
	return !check_function_bodies && namespace_search_path != NULL &&
		(namespace_search_path[0] == '\0' || strcmp(namespace_search_path, "\"\"") == 0);
}

bool
respond_restore_in_progress(void)
{
	if (IsLogicalWorker())
		return superuser_arg(GetSessionUserId());
	return looks_like_restore() && superuser() && superuser_arg(GetOuterUserId());
}

bool
respond_restore_of_table(Oid owner)
{
	return looks_like_restore() && has_privs_of_role(GetUserId(), owner) &&
		has_privs_of_role(GetOuterUserId(), owner);
}
