/*-------------------------------------------------------------------------
 * known_role.c
 *	  Roles that rows of ours know by number, and by name where the number means nothing.
 *
 * Numbers of roles mean nothing in another cluster, so the identifier of the
 * system that they are of stands beside them.  Where it is another one the names
 * count.  (pg_upgrade changes the identifier and keeps the numbers; names lead to
 * the same.)
 *
 * src/common/known_role.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "common/known_role.h"

bool
respond_system_is_this(int64 system)
{
	return system == (int64) GetSystemIdentifier();
}

Oid
respond_known_role(int64 system, Oid role, const char *name)
{
	if (!respond_system_is_this(system))
		return get_role_oid(name, true);
	return OidIsValid(role) && SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)) ? role : InvalidOid;
}
