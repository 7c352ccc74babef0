/*-------------------------------------------------------------------------
 * courier_quarantine.h
 *	  Deliveries that kill couriers.
 *
 * src/courier/courier_quarantine.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_COURIER_QUARANTINE_H
#define RESPOND_COURIER_QUARANTINE_H

#include "courier/courier_queue.h"

/* A courier begins: it is careful if the one before it died by its own doing. */
extern void respond_courier_quarantine_begin(void);

/*
 * Whether deliveries are sent one by one now, each with a marker.  *until becomes
 * when the next one may be sent although another is under way, 0 when that is now.
 */
extern bool respond_courier_quarantine_is_careful(TimestampTz now, TimestampTz *until);

/* Whether the delivery has been in the hands of a courier that died, alone: then care is taken again. */
extern bool respond_courier_quarantine_suspects(const Entry *entry);

/*
 * Commits the marker of a delivery that is about to be fetched and sent.  Raises
 * an error when that cannot be done.  False when enough couriers have died over
 * it: it is to be given up.
 */
extern bool respond_courier_quarantine_mark(const Entry *entry);

/* What is said of one that is given up. */
extern const char *respond_courier_quarantine_reason(void);

/* It goes back into its queue without having been sent. */
extern void respond_courier_quarantine_let_go(const Entry *entry);

/* Its outcome is recorded in the current transaction, which takes its marker away. */
extern void respond_courier_quarantine_clear(const Entry *entry);

/* That transaction is committed. */
extern void respond_courier_quarantine_forget(const Entry *entry);

#endif							/* RESPOND_COURIER_QUARANTINE_H */
