/*-------------------------------------------------------------------------
 * event_columns.h
 *	  The columns of respond.event.
 *
 * src/event/event_columns.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_COLUMNS_H
#define RESPOND_EVENT_COLUMNS_H

#include "utils/rel.h"

#include "common/shape.h"

/* In the order of the table; a partition may have another. */
typedef enum EventColumn
{
	EVENT_ID,
	EVENT_TYPE,
	EVENT_SOURCE,
	EVENT_SUBJECT,
	EVENT_TIME,
	EVENT_DATA,
	EVENT_KEY,
	EVENT_CAUSE,
	EVENT_DEPTH,
	EVENT_ACTOR,
	EVENT_RECORDED_AT,
	EVENT_XID,
	EVENT_INCARNATION,
	EVENT_COLUMN_COUNT
} EventColumn;

/*
 * Where they are in a partition, from 0.  Raises
 * ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED when the table has not got them all.
 */
extern void respond_event_columns_find(Relation partition, int positions[EVENT_COLUMN_COUNT]);

extern const Shape respond_shape_event;

#endif							/* RESPOND_EVENT_COLUMNS_H */
