/*-------------------------------------------------------------------------
 * capture_data.h
 *	  What changed in a row, as the data of an event.
 *
 * src/event/capture_data.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_DATA_H
#define RESPOND_CAPTURE_DATA_H

#include "event/capture_trigger.h"

/*
 * Compares the rows of an UPDATE; changed has a flag for each attribute.
 * Returns whether one of the columns that the trigger is for has changed.
 */
extern bool respond_capture_compare(const CaptureTrigger *capture, TupleTableSlot *old_row,
									TupleTableSlot *new_row, bool *changed);

/*
 * One change on its way into an event, and what had to be done to its values.
 * Slots may be NULL, and are taken apart (slot_getallattrs); changed too, and has a flag for each attribute.
 */
typedef struct CaptureChange
{
	CaptureTrigger *capture;
	CaptureOperation operation;
	TupleTableSlot *old_row;
	TupleTableSlot *new_row;
	const bool *changed;
	bool		small;			/* nothing has to be left out beforehand for its size */
	bool		small_text;		/* nor when it is seen as text */
	bool	   *included;		/* by attribute: is in the data; NULL: all are */
	bool		condition_failed;
} CaptureChange;

/*
 * {"op", "table", "new", "old", "changed"}, palloc'd.  op is the name of the
 * operation in upper case, as TG_OP; a row that the operation does not have is
 * not there, changed is there for UPDATE.
 *
 * What makes the data larger than pg_respond.max_event_size is left out of both
 * rows and named in "omitted".  A condition that failed is told of by
 * "condition_failed".
 *
 * Returns NULL when a value has no place in jsonb and became text, which the
 * careful one knows to tell.  May raise what the conversion of a value raises.
 */
extern Jsonb *respond_capture_data(CaptureChange *change);

/*
 * The same, one value at a time, each in a subtransaction.  A value that cannot
 * be converted is there as text and its column named in "as_text", or if that
 * does not work either left out and named in "omitted"; *fault gets the reason
 * of one of them.
 */
extern Jsonb *respond_capture_data_carefully(CaptureChange *change, ErrorData **fault);

#endif							/* RESPOND_CAPTURE_DATA_H */
