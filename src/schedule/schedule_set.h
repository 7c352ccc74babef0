/*-------------------------------------------------------------------------
 * schedule_set.h
 *	  The schedules that are turned on, as the clock keeps them in memory.
 *
 * src/schedule/schedule_set.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_SET_H
#define RESPOND_SCHEDULE_SET_H

#include "storage/itemptr.h"

#include "owner/owner_sql.h"
#include "schedule/cron_server.h"
#include "schedule/schedule_row.h"
#include "template/template_jsonb.h"

typedef struct Schedule
{
	ScheduleRow row;			/* next_at and what else we keep is kept up here */
	ItemPointerData tid;		/* where its row was last seen */
	char	   *fault;			/* why it cannot fire; NULL: nothing */
	Cron		cron;
	pg_tz	   *zone;
	Template   *subject;		/* NULL: none */
	OwnerSql   *query;			/* NULL: not prepared yet, or there is none */
	MemoryContext query_context;	/* of it; NULL: none yet */
	MemoryContext context;		/* of all of it */

	/* all times from here on and before there fire: counted once, they are not counted again */
	TimestampTz kept_from;
	TimestampTz kept_until;		/* 0: none were counted yet */

	uint64		turn;			/* in which it last fired; see schedule_fire.c */

	/* about the time that is due */
	int			attempts;		/* that a passing error ended */
	int			moves;			/* how often the row was elsewhere when it was to be changed */
	TimestampTz retry_at;
	bool		announced;		/* the row says that this process runs the query */
} Schedule;

/* Whether they have changed since they were loaded. */
extern bool respond_schedules_have_changed(void);

/* The current set; loaded in a transaction of its own if need be.  A list of Schedule. */
extern List *respond_schedules_current(void);

/* They are to be loaded again. */
extern void respond_schedules_forget(void);

#endif							/* RESPOND_SCHEDULE_SET_H */
