/*-------------------------------------------------------------------------
 * effects.h
 *	  What the runs of a batch do to the database, gathered and written together.
 *
 * Rows get their ids when they are put into the buffer, so that later steps can
 * name them; they are written by respond_effects_flush(), many with one
 * statement.  What could fail is looked at before it goes in: an error of
 * the flush concerns the whole batch.
 *
 * All pointers that go in are copied.
 *
 * src/effect/effects.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EFFECTS_H
#define RESPOND_EFFECTS_H

#include "effect/run.h"
#include "event/event_write.h"
#include "outbox/outbox.h"

typedef struct NewTicket
{
	const char *subject;
	const char *description;	/* NULL here and below: none, or the default */
	const char *status;
	const char *priority;
	const char *team;
	const char *assignee;
	const char *requester;
	const char *key;
	char	  **tags;
	int			tag_count;
	Jsonb	   *fields;
} NewTicket;

typedef struct RunRow
{
	const char *status;
	const char *step;			/* NULL: none */
	Jsonb	   *state;
	Jsonb	   *shown_state;	/* to those who may not see all; NULL: the same */
	const char *error;			/* NULL: none */
	const char *shown_error;	/* NULL: the same */
	TimestampTz started_at;
	TimestampTz finished_at;
} RunRow;

/*
 * The buffer of effects.  begin at the start of a transaction; flush writes
 * what is buffered, before foreign SQL that could look at it and before commit;
 * discard forgets it, after a rollback.
 */
extern void respond_effects_begin(void);
extern void respond_effects_flush(void);
extern void respond_effects_discard(void);

/* How many runs were written since the last call. */
extern int64 respond_runs_take_count(void);

/* Number for a run. */
extern int64 respond_effects_run_id(void);
extern void respond_effects_run(const FlowRun *run, const RunRow *row);

/* Returns the ticket's id. */
extern int64 respond_effects_ticket(const FlowRun *run, const NewTicket *ticket);
/* Returns the comment's id; author NULL: the rule. */
extern int64 respond_effects_comment(const FlowRun *run, int64 ticket_id, const char *author,
									 const char *kind, const char *body);
/* Whether the ticket is in the buffer, and the buffered open ticket with this key (0: none). */
extern bool respond_effects_has_ticket(int64 id);
extern int64 respond_effects_ticket_by_key(const char *key);

/* Returns the delivery's id. */
extern int64 respond_effects_delivery(const FlowRun *run, const NewDelivery *delivery);

/* Whether any buffered open ticket has a key. */
extern bool respond_effects_has_keys(void);

/* Teams that were found to exist since the last flush. */
extern bool respond_effects_knows_team(const char *name);
extern void respond_effects_note_team(const char *name);

/*
 * An event caused by the run's event; cause, depth and actor are filled in.
 * With now it is written at once and its id returned, 0 when its key was known;
 * else it is buffered and 0 returned.  audit, when not NULL, goes into the audit
 * log as a line about the event, with its id.
 */
extern int64 respond_effects_emit(const FlowRun *run, const NewEvent *event, bool now, Jsonb *audit);

/* A line of the audit log, put down to the rule; object_id 0: none. */
extern void respond_effects_audit(const FlowRun *run, const char *action, const char *object_type,
								  int64 object_id, Jsonb *new);

/* Flushes a buffer that has grown large; arrays and messages have limits. */
extern void respond_effects_keep_small(void);

/*
 * For the files of the buffer: where its rows live, and each file's part of the
 * flush.
 */
extern MemoryContext respond_effects_context(void);
/* Makes the run known to the triggers that see its rows; called for each row. */
extern void respond_effects_note_origin(const FlowRun *run);
extern int64 respond_effects_next_id(const char *sequence);
extern Jsonb *respond_effects_copy_jsonb(Jsonb *value);
extern char *respond_effects_copy_text(const char *text);
extern void respond_runs_flush(void);
extern void respond_runs_forget(void);
extern void respond_deliveries_flush(void);
extern void respond_deliveries_forget(void);
extern void respond_tickets_flush(void);
extern void respond_tickets_forget(void);

#endif							/* RESPOND_EFFECTS_H */
