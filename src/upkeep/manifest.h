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
 * Compares the objects of pg_respond with the manifest when they may have
 * changed, warns of what is not as it was installed, and lets the workers of the
 * database wait or go on.  Returns when to look again.
 */
extern TimestampTz respond_manifest_check(TimestampTz now);

/* Whether it is to be called at once. */
extern bool respond_manifest_is_wanted(void);

#endif							/* RESPOND_CLOCK_MANIFEST_H */
