/*-------------------------------------------------------------------------
 * manifest.h
 *	  Duty of the clock: nothing foreign hangs on the tables of pg_respond.
 *
 * src/upkeep/manifest.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOCK_MANIFEST_H
#define RESPOND_CLOCK_MANIFEST_H

#include "datatype/timestamp.h"

/*
 * Looks whether foreign code would run as the workers of the database, when that may
 * have changed, and lets them wait or go on.  Returns when to look again.
 */
extern TimestampTz respond_manifest_look(TimestampTz now);

/*
 * Compares the objects of pg_respond with the manifest when they may have
 * changed, and warns of what is not as it was installed.  Returns when to do so again.
 */
extern TimestampTz respond_manifest_check(TimestampTz now);

/* Whether both are to be called at once. */
extern bool respond_manifest_is_wanted(void);

#endif							/* RESPOND_CLOCK_MANIFEST_H */
