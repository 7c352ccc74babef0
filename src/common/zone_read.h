/*-------------------------------------------------------------------------
 * zone_read.h
 *	  Time zones that people name.
 *
 * src/common/zone_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ZONE_READ_H
#define RESPOND_ZONE_READ_H

#include "pgtime.h"

/* NULL when there is no such zone. */
extern pg_tz *respond_zone_find(const char *name);

/* Raises ERRCODE_RESPOND_INVALID_RULE; the message begins with the place, such as "timezone". */
extern pg_tz *respond_zone_read(const char *place, const char *name);

#endif							/* RESPOND_ZONE_READ_H */
