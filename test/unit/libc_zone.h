/*-------------------------------------------------------------------------
 * libc_zone.h
 *	  Time zones of the C library, for tests without a server.
 *
 * test/unit/libc_zone.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LIBC_ZONE_H
#define RESPOND_LIBC_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "calendar/zone.h"

/* Makes a zone the current one of the process; false when there is none of that name. */
extern bool libc_zone_use(const char *name);

/* Seconds that the local clock is ahead of UTC. */
extern int64_t libc_zone_offset(int64_t instant);

/* The current zone, as the cores want it. */
extern const Zone libc_zone;

/* "2016-03-13 07:00:00" in UTC, to seconds since 1970 and back; the latter in a static buffer. */
extern bool libc_zone_read(const char *text, int64_t *instant);
extern const char *libc_zone_show(int64_t instant);

#endif							/* RESPOND_LIBC_ZONE_H */
