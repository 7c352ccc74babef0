/*-------------------------------------------------------------------------
 * capture_fault.h
 *	  What went wrong while changes were captured, and was not raised.
 *
 * src/event/capture_fault.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_FAULT_H
#define RESPOND_CAPTURE_FAULT_H

#include "event/capture_trigger.h"

typedef enum CaptureFault
{
	CAPTURE_FAULT_SUBJECT,		/* the key was taken instead */
	CAPTURE_FAULT_CONDITION,	/* it counts as true */
	CAPTURE_FAULT_COLUMN,		/* a column of the watch is gone: each UPDATE counts */
	CAPTURE_FAULT_VALUE,		/* a value was left out or became text */
	CAPTURE_FAULT_ARGUMENT,		/* the trigger was written in a way that means nothing */
	CAPTURE_FAULT_LOST,			/* the change happened, its event is not recorded */
	CAPTURE_FAULTS
} CaptureFault;

/*
 * Notes a fault for health() and warns: in the server's log when it is a new
 * one, to the client once per session and table.  count: events it befell, 0 when
 * the trigger as it is shows it (watch_list.c); message: the reason, from an
 * error or in our own words.
 */
extern void respond_capture_fault(CaptureTrigger *capture, CaptureFault fault, int count,
								  const char *message);

/*
 * The same with the message of an error, which can quote what is in rows: only
 * who is a member of the table's owner may read it, everybody else reads its class.
 */
extern void respond_capture_fault_error(CaptureTrigger *capture, CaptureFault fault, int count,
										const ErrorData *error);

/* What is said about it may be news again. */
extern void respond_capture_fault_table_changed(Oid table);

/*
 * Recording failed in a way that nobody was prepared for.  From then on every
 * session of the database contains it; see capture_write.c.
 */
extern void respond_capture_fault_alarm(void);

/* Grows with each alarm. */
extern uint32 respond_capture_fault_alarms(void);

/* The reason for an alarm, or for another one, is still there. */
extern void respond_capture_fault_alarm_lasts(void);

/* Whether that was so within the last minute. */
extern bool respond_capture_fault_alarm_is_recent(void);

/* At load. */
extern void respond_capture_fault_initialize(void);

#endif							/* RESPOND_CAPTURE_FAULT_H */
