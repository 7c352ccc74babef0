/*-------------------------------------------------------------------------
 * calendar_cache.h
 *	  Calendars by their names, read once and kept with their open periods.
 *
 * src/calendar/calendar_cache.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALENDAR_CACHE_H
#define RESPOND_CALENDAR_CACHE_H

#include "calendar/calendar.h"

/*
 * The calendar as the active snapshot sees it; NULL if there is none.  It is
 * good until the next call, and until SQL is run.
 */
extern Calendar *respond_calendar_find(const char *name);

/* The same; raises if there is none. */
extern Calendar *respond_calendar_get(const char *name);

/* Reads it anew when it is asked for again. */
extern void respond_calendar_forget(const char *name);

#endif							/* RESPOND_CALENDAR_CACHE_H */
