/*-------------------------------------------------------------------------
 * event_context.h
 *	  On whose behalf SQL runs now: the rule, its run and the event that fired it.
 *
 * Defaults of respond.event, the desk's triggers and the audit log ask this, so
 * that whatever a rule's SQL does is put down to the rule.  Outside of rules the
 * context is empty.
 *
 * src/event/event_context.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_CONTEXT_H
#define RESPOND_EVENT_CONTEXT_H

typedef struct EventContext
{
	const char *rule;			/* NULL outside of rules */
	int64		run_id;			/* 0: none */
	int64		event_id;		/* 0: none (a run started by hand without event) */
	int32		depth;			/* of that event */
	const char *login;			/* who is logged in, if that is not the session's role: "token:NAME"; else NULL */
} EventContext;

/*
 * Sets the context and returns the one before, which the caller puts back, in
 * a PG_FINALLY block too.  The strings must outlive it.
 */
extern EventContext respond_event_context_set(EventContext context);
extern const EventContext *respond_event_context(void);

/*
 * One more thing that the run in the context causes; raises ERRCODE_RESPOND_LIMIT
 * when they are more than pg_respond.max_fan_out.
 */
extern void respond_event_context_fan_out(void);

/*
 * The same in two steps, for what must not fail where it is recorded: so many
 * things were caused; were they too many?  Outside of runs both do nothing.
 */
extern void respond_event_context_count(int64 things);
extern void respond_event_context_check_fan_out(void);

/*
 * How many things the run has caused so far, for when it is laid down; and that
 * it had caused so many, when it is taken up again.
 */
extern int64 respond_event_context_caused_by(int64 run_id);
extern void respond_event_context_take_up(int64 run_id, int64 things);

/* How many things rules have caused in this process so far. */
extern int64 respond_event_context_caused(void);

/* "rule:NAME" while a rule runs, else the name of the session's role; palloc'd. */
extern char *respond_event_context_actor(void);

/*
 * Who is logged in, when SET ROLE or a token made the actor somebody else; NULL when the
 * actor is who is logged in, or a rule.  palloc'd.
 */
extern char *respond_event_context_session_actor(void);

#endif							/* RESPOND_EVENT_CONTEXT_H */
