/*-------------------------------------------------------------------------
 * set_aside_rows.h
 *	  The table behind set_aside.h: reading and writing its rows.
 *
 * src/dispatcher/set_aside_rows.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SET_ASIDE_ROWS_H
#define RESPOND_SET_ASIDE_ROWS_H

#include "nodes/pg_list.h"

#include "dispatcher/set_aside.h"

/* A row as it was read. */
typedef struct AsideRow
{
	AsideEntry	entry;			/* first, so that Event.aside leads to all of it */
	int64		event_id;
	uint64		rule;			/* number of the rule, see rule_share.h */
	char	   *subject;		/* NULL: none */
	bool		forced;
	bool		replay;
	int64		run_id;
	Oid			rule_owner;		/* InvalidOid: whoever owns the rule */
	TimestampTz due_at;			/* DT_NOEND: behind another one, or queued */
	int64		queue;			/* place in the queue of the rule, 0: not in it */
	Jsonb	   *place;			/* of the event, see Event.begins_at; NULL: not known */
} AsideRow;

/* Rows of a rule and a subject are tried one after the other: the number of what they have in common. */
extern uint64 respond_aside_strand(uint64 rule, const char *subject);

/*
 * Lists of AsideRow in the current memory context: all rows in the order in which
 * they were made; what is due, behind a row that was seen; the queue of a rule,
 * likewise.
 */
extern List *respond_aside_read_all(void);
extern List *respond_aside_read_due(TimestampTz due_at, int64 id, int limit);
extern List *respond_aside_read_queue(uint64 rule, int64 position, int limit);

/* Whether the strand has a row. */
extern bool respond_aside_strand_is_taken(uint64 strand);

extern void respond_aside_insert(const Event *event, const char *rule, int sqlerrcode, TimestampTz due_at, bool queued);
extern void respond_aside_change(const AsideEntry *entry, int sqlerrcode, TimestampTz due_at, bool queued);
extern void respond_aside_delete(int64 id);

/* Makes a row due; and the first of a strand, if it was behind another one. */
extern void respond_aside_make_due(int64 id);
extern void respond_aside_free_strand(uint64 strand, TimestampTz due_at);

#endif							/* RESPOND_SET_ASIDE_ROWS_H */
