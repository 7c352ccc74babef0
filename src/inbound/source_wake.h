/*-------------------------------------------------------------------------
 * source_wake.h
 *	  Telling workers that inbound sources changed.
 *
 * src/inbound/source_wake.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOURCE_WAKE_H
#define RESPOND_SOURCE_WAKE_H

/* At commit all processes read the sources anew; workers are woken for that. */
extern void respond_source_changed(void);

/* Installs the callbacks of commit; at load. */
extern void respond_source_wake_initialize(void);

/* For workers: counts the commits that changed sources of this database, or may have; costs nothing. */
extern uint64 respond_source_changes(void);

#endif							/* RESPOND_SOURCE_WAKE_H */
