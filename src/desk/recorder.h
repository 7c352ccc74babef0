/*-------------------------------------------------------------------------
 * recorder.h
 *	  What a change of a ticket leaves behind: events, audit rows, history.
 *
 * src/desk/recorder.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RECORDER_H
#define RESPOND_RECORDER_H

#include "utils/jsonb.h"

#include "common/shape.h"

extern const Shape respond_shape_ticket_history;

typedef struct Recorder Recorder;

/* On whose behalf a row was written. */
typedef struct Origin
{
	const char *actor;			/* role, or rule:NAME */
	const char *rule;			/* NULL: none */
	int64		event_id;		/* event that fired the rule; 0: none */
	int64		run_id;			/* 0: none */
	int32		depth;			/* of the events that the change records */
} Origin;

/* A recorder for one statement, in the current memory context. */
extern Recorder *respond_recorder_begin(void);

/*
 * Memory for the documents given to the recorder; emptied once they are
 * written, so switch to it row by row.
 */
extern MemoryContext respond_recorder_memory(Recorder *recorder);

/*
 * Who acts for a row that carries this run_id (0: none): the rule that runs
 * now, else the run's rule if the run is of the dispatcher's present batch,
 * else the session.
 */
extern Origin respond_recorder_origin(Recorder *recorder, int64 run_id);

/* An event about the ticket, with subject "ticket/ID". */
extern void respond_recorder_event(Recorder *recorder, const Origin *origin,
								   const char *type, int64 ticket_id, Jsonb *data);

/* An audit row about the ticket; old and new may be NULL. */
extern void respond_recorder_audit(Recorder *recorder, const Origin *origin,
								   const char *action, int64 ticket_id,
								   Jsonb *old_value, Jsonb *new_value);

/* A row of the ticket's history; old and new may be NULL. */
extern void respond_recorder_history(Recorder *recorder, const Origin *origin,
									 int64 ticket_id, const char *field,
									 Jsonb *old_value, Jsonb *new_value);

/* The row refers to this team (text), which must exist; checked before anything is written. */
extern void respond_recorder_require_team(Recorder *recorder, Datum name);

/* The row refers to this ticket, which must exist. */
extern void respond_recorder_require_ticket(Recorder *recorder, int64 ticket_id);

/* The ticket is gone, and its comments with it. */
extern void respond_recorder_delete_comments(Recorder *recorder, int64 ticket_id);

/* A row of the statement is done: writes what came together when it is enough. */
extern void respond_recorder_row_done(Recorder *recorder);

/* Writes the rest and frees the recorder. */
extern void respond_recorder_end(Recorder *recorder);

#endif							/* RESPOND_RECORDER_H */
