/*-------------------------------------------------------------------------
 * event_count.h
 *	  How many events were recorded, for the metrics.
 *
 * src/event/event_count.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_COUNT_H
#define RESPOND_EVENT_COUNT_H

/* Installs the callbacks of transactions; at load. */
extern void respond_event_count_initialize(void);

/*
 * The current transaction has recorded so many.  They count when it commits, or
 * is prepared: nobody knows of them any more when a prepared one commits.
 */
extern void respond_event_count(int count);

#endif							/* RESPOND_EVENT_COUNT_H */
