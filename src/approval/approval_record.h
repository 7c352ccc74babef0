/*-------------------------------------------------------------------------
 * approval_record.h
 *	  What an approval leaves behind: events, the audit log, and what the run is told.
 *
 * src/approval/approval_record.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPROVAL_RECORD_H
#define RESPOND_APPROVAL_RECORD_H

#include "approval/approval.h"
#include "effect/run.h"

/* An event about the approval, and a line in the audit log, which the run causes. */
extern void respond_approval_record(const Approval *approval, const FlowRun *run, const char *type, List *votes);

/* The same in the session of somebody who works as this role. */
extern void respond_approval_record_by(const Approval *approval, const char *actor, const char *type, List *votes);

/*
 * How it ended, as the output of the step: {"approval", "status", "decision",
 * "voters" (of the decision), "votes": [{"voter", "option", "comment"}, ...]}.
 */
extern Jsonb *respond_approval_result(const Approval *approval, const List *votes);

#endif							/* RESPOND_APPROVAL_RECORD_H */
