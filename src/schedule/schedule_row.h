/*-------------------------------------------------------------------------
 * schedule_row.h
 *	  Rows of respond.schedule as C sees them.
 *
 * src/schedule/schedule_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_ROW_H
#define RESPOND_SCHEDULE_ROW_H

#include "common/shape.h"
#include "rule/rule_row.h"

enum
{
	SCHEDULE_NAME, SCHEDULE_DESCRIPTION, SCHEDULE_ENABLED, SCHEDULE_CRON, SCHEDULE_TIMEZONE, SCHEDULE_EVENT_TYPE,
	SCHEDULE_SUBJECT, SCHEDULE_DATA, SCHEDULE_QUERY, SCHEDULE_CATCH_UP, SCHEDULE_MAX_CATCH_UP, SCHEDULE_OWNER,
	SCHEDULE_NEXT_AT, SCHEDULE_LAST_AT, SCHEDULE_FAILURES, SCHEDULE_TRIES, SCHEDULE_CREATED_AT, SCHEDULE_UPDATED_AT,
	SCHEDULE_OWNER_ID, SCHEDULE_OWNER_SYSTEM, SCHEDULE_COLUMNS
};

extern const Shape respond_shape_schedule;

typedef struct ScheduleRow
{
	char	   *name;			/* texts and documents are NULL where the column is */
	bool		enabled;
	char	   *cron;
	char	   *timezone;
	char	   *event_type;
	char	   *subject;
	Jsonb	   *data;
	char	   *query;
	char	   *catch_up;
	int32		max_catch_up;
	RuleRow		owner;			/* of which owner, owner_id and owner_system are filled in */
	TimestampTz next_at;		/* DT_NOEND: none */
	TimestampTz last_at;		/* DT_NOBEGIN: none */
	int32		failures;
	int32		tries;
	TimestampTz created_at;
	TimestampTz updated_at;
} ScheduleRow;

/* Copies the values of a row into the current memory context. */
extern void respond_schedule_row_read(ScheduleRow *row, const Datum *values, const bool *nulls);

#endif							/* RESPOND_SCHEDULE_ROW_H */
