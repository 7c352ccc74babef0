/*-------------------------------------------------------------------------
 * standby.c
 *	  Refusing what cannot be done on a standby.
 *
 * The server would refuse as well, but for a reason further inside: that some
 * INSERT is not allowed in a read-only transaction.
 *
 * src/common/standby.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"

#include "common/standby.h"

void
respond_standby_refuse(const char *what)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("%s is not possible on a standby", what),
				 errhint("Call it on the primary; pg_respond does not run here before promotion.")));
}
