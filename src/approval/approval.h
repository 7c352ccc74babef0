/*-------------------------------------------------------------------------
 * approval.h
 *	  A question that a run asks people, and what they answered.
 *
 * Who changes an approval locks its row first.  It is ended once: decided, tied,
 * expired or cancelled, whatever comes first.
 *
 * src/approval/approval.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPROVAL_H
#define RESPOND_APPROVAL_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "approval/asked_roles.h"
#include "common/shape.h"

#define APPROVAL_OPEN		"open"
#define APPROVAL_DECIDED	"decided"
#define APPROVAL_TIED		"tied"
#define APPROVAL_EXPIRED	"expired"
#define APPROVAL_CANCELLED	"cancelled"

/* The option that denies. */
#define APPROVAL_REJECT		"reject"

/* Columns of respond.approval, in their order. */
enum
{
	APPROVAL_ID, APPROVAL_RUN_ID, APPROVAL_RUN_STARTED_AT, APPROVAL_RULE, APPROVAL_RULE_VERSION, APPROVAL_STEP,
	APPROVAL_PAUSE, APPROVAL_EVENT_ID, APPROVAL_DEPTH, APPROVAL_QUESTION, APPROVAL_OPTIONS, APPROVAL_CONTEXT,
	APPROVAL_APPROVERS, APPROVAL_QUORUM, APPROVAL_ASKED_OF, APPROVAL_CAUSED_BY, APPROVAL_SELF_APPROVAL,
	APPROVAL_DENY_WINS, APPROVAL_STATUS, APPROVAL_DECISION, APPROVAL_ASKED_AT, APPROVAL_DUE_AT, APPROVAL_ENDED_AT,
	APPROVAL_REMIND_EVERY, APPROVAL_ESCALATE_TO, APPROVAL_ESCALATED_AT, APPROVAL_ROLES, APPROVAL_ROLE_IDS,
	APPROVAL_ROLE_SYSTEM,
	APPROVAL_COLUMNS
};

extern const Shape respond_shape_approval;

/* Lists are of texts. */
typedef struct Approval
{
	pg_uuid_t	id;
	int64		run_id;
	TimestampTz run_started_at;
	const char *rule;
	int32		rule_version;
	const char *step;
	int32		pause;
	int64		event_id;		/* 0: none */
	int32		depth;
	const char *question;
	List	   *options;
	Jsonb	   *context;
	List	   *approvers;
	int32		quorum;			/* 0: all of asked_of */
	List	   *asked_of;
	List	   *caused_by;
	bool		self_approval;
	bool		deny_wins;
	const char *status;
	const char *decision;		/* NULL: none */
	TimestampTz asked_at;
	TimestampTz due_at;			/* DT_NOEND: none */
	Interval   *remind_every;	/* NULL: never */
	List	   *escalate_to;
	bool		escalated;
	AskedRoles	roles;
} Approval;

typedef struct Vote
{
	const char *voter;
	const char *option;
	const char *comment;		/* NULL: none */
} Vote;

extern void respond_approval_new_id(pg_uuid_t *id);
extern char *respond_approval_id_text(const pg_uuid_t *id);
extern void respond_approval_read_id(const char *text, pg_uuid_t *id);

/* From the values of the columns roles, role_ids and role_system. */
extern AskedRoles respond_approval_roles(Datum names, Datum ids, int64 system);

/* Inserts it, open, without asking for privileges. */
extern void respond_approval_insert(const Approval *approval);

/*
 * Locks the row until the transaction ends; NULL when there is none.  Workers do
 * not wait for whoever has it locked, they come again.
 */
extern Approval *respond_approval_lock(const pg_uuid_t *id, bool wait);

/* Ends an open one, which the caller has locked. */
extern void respond_approval_end(Approval *approval, const char *status, const char *decision);

/* Those that it is escalated to are approvers, too, and were asked. */
extern void respond_approval_escalate(Approval *approval, const List *asked_of);

/* Ends the open approvals of a run; returns how many. */
extern int64 respond_approvals_cancel(int64 run_id);

/* Puts down what somebody answers, instead of what they answered before. */
extern void respond_vote_put(const Approval *approval, const Vote *vote, const char *session_actor);

/* All answers, as a list of Vote *, in the order in which they were first given. */
extern List *respond_votes(const Approval *approval);

#endif							/* RESPOND_APPROVAL_H */
