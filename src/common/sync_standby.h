/*-------------------------------------------------------------------------
 * sync_standby.h
 *	  How far synchronous standbys have confirmed what was written here.
 *
 * src/common/sync_standby.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SYNC_STANDBY_H
#define RESPOND_SYNC_STANDBY_H

#include "access/xlogdefs.h"

/* What is before it is on their disks; PG_UINT64_MAX where no standby is synchronous. */
extern XLogRecPtr respond_sync_standby_confirmed(void);

#endif							/* RESPOND_SYNC_STANDBY_H */
