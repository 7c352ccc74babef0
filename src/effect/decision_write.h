/*-------------------------------------------------------------------------
 * decision_write.h
 *	  How waits ended, in the buffer of effects.
 *
 * src/effect/decision_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DECISION_WRITE_H
#define RESPOND_DECISION_WRITE_H

#include "nodes/pg_list.h"

#include "common/shape.h"
#include "datatype/timestamp.h"

extern const Shape respond_shape_wait_decision;

/* A row of respond_internal.wait_decision. */
typedef struct Decision
{
	int64		run_id;
	const char *rule;
	int32		rule_version;
	const char *step;
	const char *outcome;
	int64		event_id;		/* 0: none */
	TimestampTz since;
	TimestampTz due_at;			/* DT_NOEND: none */
} Decision;

/*
 * One row for each key of the waits (Wait *) that the run had reached, and one row
 * if there is none.  What they had heard is recorded as collected.
 */
extern void respond_effects_decision(const Decision *decision, const List *waits);

/* The same for a wait that was over when the run came to it: its keys (char *), and what it had collected. */
extern void respond_effects_decision_at_once(const Decision *decision, const List *keys,
											 const int64 *collected, int count);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_decisions_flush(void);
extern void respond_decisions_forget(void);

#endif							/* RESPOND_DECISION_WRITE_H */
