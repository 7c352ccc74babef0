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
 * src/common/restore.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "common/restore.h"

bool
respond_restore_in_progress(void)
{
	return !check_function_bodies && namespace_search_path != NULL &&
		(namespace_search_path[0] == '\0' || strcmp(namespace_search_path, "\"\"") == 0) &&
		superuser() && superuser_arg(GetOuterUserId());
}
