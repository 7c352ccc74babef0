/*-------------------------------------------------------------------------
 * wait_filter.h
 *	  Which events some waits can hear, known without a look into a table.
 *
 * For who looks at many events for a few waits.
 *
 * src/wait/wait_filter.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_FILTER_H
#define RESPOND_WAIT_FILTER_H

#include "nodes/pg_list.h"

#include "event/event.h"
#include "wait/wait_row.h"

typedef struct WaitFilter WaitFilter;

/* In the current memory context; it lets nothing through. */
extern WaitFilter *respond_wait_filter_create(void);

/* Lets through what this wait can hear as well; one without a key: whatever has one. */
extern void respond_wait_filter_add(WaitFilter *filter, const Wait *wait);

/* Whether one of the waits can hear an event of this type. */
extern bool respond_wait_filter_wants_type(const WaitFilter *filter, const char *type);

/*
 * Whether one of the waits can hear the event: by type and key.  Patterns, and
 * the time until which it waits, are not looked at.
 */
extern bool respond_wait_filter_wants(const WaitFilter *filter, const Event *event);

/* Those that were added and have no key, as they were armed last: a list of Wait *. */
extern List *respond_wait_filter_keyless(const WaitFilter *filter);

#endif							/* RESPOND_WAIT_FILTER_H */
