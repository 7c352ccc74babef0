/*-------------------------------------------------------------------------
 * timer_columns.h
 *	  Columns of respond_internal.timer.
 *
 * src/timer/timer_columns.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_COLUMNS_H
#define RESPOND_TIMER_COLUMNS_H

#include "common/shape.h"

typedef enum TimerColumn
{
	TIMER_ID,
	TIMER_DUE_AT,
	TIMER_READER,
	TIMER_KIND,
	TIMER_RUN_ID,
	TIMER_RUN_STARTED_AT,
	TIMER_NAME,
	TIMER_DATA,
	TIMER_INCARNATION,
	TIMER_COLUMNS
} TimerColumn;

extern const Shape respond_shape_timer;

#endif							/* RESPOND_TIMER_COLUMNS_H */
