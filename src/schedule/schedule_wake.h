/*-------------------------------------------------------------------------
 * schedule_wake.h
 *	  Telling the clock that schedules changed.
 *
 * src/schedule/schedule_wake.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_WAKE_H
#define RESPOND_SCHEDULE_WAKE_H

/* The commit of the current transaction shall make the clock load the schedules again. */
extern void respond_schedule_announce(void);

/* Installs the callbacks of commit; at load. */
extern void respond_schedule_wake_initialize(void);

#endif							/* RESPOND_SCHEDULE_WAKE_H */
