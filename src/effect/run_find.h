/*-------------------------------------------------------------------------
 * run_find.h
 *	  The row of a run that is under way.
 *
 * src/effect/run_find.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_FIND_H
#define RESPOND_RUN_FIND_H

#include "effect/run.h"

typedef struct RunUnderWay
{
	int64		id;
	TimestampTz started_at;
	char	   *rule;
	int32		rule_version;
	int64		event_id;		/* 0: none */
	char	   *step;
	char	   *waits_for;
	char	   *key;
	int64		parent_id;		/* 0: none */
	TimestampTz paused_at;		/* by hand; 0: it is not */
	bool		cancelled;		/* its steps for that are to be run, and nothing else */
	Jsonb	   *saved;			/* see flow/run_save.h; NULL: it has ended and cannot be taken up */
	Oid			owner;			/* for whom that is kept */
	RunPlace	place;
} RunUnderWay;

/*
 * The run, as this transaction and those before its snapshot left it, palloc'd;
 * NULL when there is none or when it has ended.
 */
extern RunUnderWay *respond_run_find(int64 id, TimestampTz started_at);

/* The same of any run. */
extern RunUnderWay *respond_run_find_any(int64 id, TimestampTz started_at);

extern bool respond_run_is_under_way(const RunUnderWay *run);

#endif							/* RESPOND_RUN_FIND_H */
