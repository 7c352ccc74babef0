/*-------------------------------------------------------------------------
 * run_inbox.h
 *	  Telling a run that waits what it waits for: answers, signals, decisions.
 *
 * Runs that wait belong to the first dispatcher.  Whoever has something for one
 * writes a row, which the dispatcher finds after the commit, and deletes in the
 * transaction in which the run continues.
 *
 * src/outbox/run_inbox.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_INBOX_H
#define RESPOND_RUN_INBOX_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "common/shape.h"

/* Columns of respond_internal.run_inbox, in their order. */
enum
{
	INBOX_ID, INBOX_RUN_ID, INBOX_RUN_STARTED_AT, INBOX_KIND, INBOX_PAUSE, INBOX_STEP, INBOX_EVENT_ID,
	INBOX_DATA, INBOX_ACTOR, INBOX_AT, INBOX_INCARNATION,
	INBOX_COLUMNS
};

extern const Shape respond_shape_run_inbox;

/* Kinds of notes. */
#define NOTE_CONTINUE	"continue"	/* another dispatcher began the run and came to a step that waits */
#define NOTE_ANSWER		"answer"	/* of a request */
#define NOTE_CALLBACK	"callback"	/* the url that a request names was called; see callback.h */
#define NOTE_DECISION	"decision"	/* of an approval */
#define NOTE_SIGNAL		"signal"
#define NOTE_ENDED		"ended"		/* the run that it called */
#define NOTE_TURN		"turn"		/* it has let others have theirs */
#define NOTE_CANCELLED	"cancelled"	/* its steps for that are to be run */
#define NOTE_RETRY		"retry"
#define NOTE_PLACE		"place"		/* a run of a rule has ended: another may begin; of no run: {"rule", "key"} */
#define NOTE_RESUME		"resume"	/* it was paused by hand */

typedef struct RunNote
{
	int64		run_id;
	TimestampTz run_started_at; /* finds its partition */
	const char *kind;
	int32		pause;			/* the pause that is meant, see run.saved; -1: whichever */
	const char *step;			/* NULL: none */
	int64		event_id;		/* 0: none */
	Jsonb	   *data;			/* NULL: none */
	const char *actor;			/* NULL: a worker */
} RunNote;

/*
 * Inserts the notes without a plan and without asking for privileges; the commit
 * wakes the dispatcher.  The caller knows that who asks may say this to the run.
 */
extern void respond_run_inbox_write(const RunNote *notes, int count);

#endif							/* RESPOND_RUN_INBOX_H */
