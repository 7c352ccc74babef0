/*-------------------------------------------------------------------------
 * cloud_event.h
 *	  The attributes that an event has as a CloudEvent, wherever it goes.
 *
 * The same in webhooks, in NOTIFY and in view cloud_event.  All are palloc'd.
 *
 * src/event/cloud_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CLOUD_EVENT_H
#define RESPOND_CLOUD_EVENT_H

#include "utils/timestamp.h"

/*
 * One event, one id.  A number from a sequence may be given out again after a
 * failover or a restore, so the time of recording is part of it.
 */
extern char *respond_cloud_event_id(int64 id, TimestampTz recorded_at);

/* The source as a URI-reference. */
extern char *respond_cloud_event_source(const char *source);

/* Any other text without control characters; NULL for NULL and for an empty one, which no attribute may be. */
extern char *respond_cloud_event_text(const char *text);

/* NULL for a time that RFC 3339 cannot say: infinite, before the year 1 or behind 9999. */
extern char *respond_cloud_event_time(TimestampTz time);

#endif							/* RESPOND_CLOUD_EVENT_H */
