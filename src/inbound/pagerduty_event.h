/*-------------------------------------------------------------------------
 * pagerduty_event.h
 *	  Events as tools send them to Events API v2 of PagerDuty.
 *
 * src/inbound/pagerduty_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PAGERDUTY_EVENT_H
#define RESPOND_PAGERDUTY_EVENT_H

#include "utils/jsonb.h"

#include "common/json_value.h"

/* Why it is none, as a sentence for its sender; NULL: it is one. */
extern const char *respond_pagerduty_fault(const JsonValue *event);

/*
 * The event with a dedup_key, which is made up when it opens something and has
 * none; palloc'd.
 */
extern Jsonb *respond_pagerduty_complete(Jsonb *document, const JsonValue *event, const char **dedup_key);

#endif							/* RESPOND_PAGERDUTY_EVENT_H */
