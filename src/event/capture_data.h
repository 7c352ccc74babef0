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
 * {"op", "table", "new", "old", "changed"}, palloc'd.  op is the name of the
 * operation in upper case, as TG_OP; a row that the operation does not have is
 * not there, changed is there for UPDATE.  Slots may be NULL; changed too.
 * Values that alone are larger than pg_respond.max_event_size are left out and
 * named in "omitted".
 */
extern Jsonb *respond_capture_data(const CaptureTrigger *capture, CaptureOperation operation,
								   TupleTableSlot *old_row, TupleTableSlot *new_row,
								   const bool *changed);

#endif							/* RESPOND_CAPTURE_DATA_H */
