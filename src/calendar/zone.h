/*-------------------------------------------------------------------------
 * zone.h
 *	  A time zone, for the parts that build without a server.
 *
 * Instants are seconds since 1970.
 *
 * src/calendar/zone.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ZONE_H
#define RESPOND_ZONE_H

#include <stdint.h>

/*
 * A zone, as a function of time: how many seconds the local clock is ahead of
 * UTC at an instant, and when that ends; *end is INT64_MAX if it never does.
 */
typedef struct Zone
{
	int64_t		(*offset) (void *zone, int64_t instant, int64_t *end);
	void	   *zone;
} Zone;

#endif							/* RESPOND_ZONE_H */
