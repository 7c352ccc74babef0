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
	int64		parent_id;		/* 0: none */
	bool		paused;			/* by hand */
	Jsonb	   *saved;			/* see flow/run_save.h */
	RunPlace	place;
} RunUnderWay;

/*
 * The run, as this transaction and those before its snapshot left it, palloc'd;
 * NULL when there is none or when it has ended.
 */
extern RunUnderWay *respond_run_find(int64 id, TimestampTz started_at);

#endif							/* RESPOND_RUN_FIND_H */
