/*-------------------------------------------------------------------------
 * action_approve.h
 *	  Action "approve": people decide.
 *
 * src/flow/action_approve.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_APPROVE_H
#define RESPOND_ACTION_APPROVE_H

#include "approval/approval.h"
#include "flow/action.h"
#include "flow/flow_pause.h"

/* Kind of the timers that remind and escalate: their name is the id of the approval, their data {"do": ...}. */
#define TIMER_APPROVAL		"approval"
#define APPROVAL_REMIND		"remind"
#define APPROVAL_ESCALATE	"escalate"

extern StepResult respond_action_approve(StepCall *call);

/* The approval that a run waits for. */
extern void respond_approval_of_pause(const FlowPause *pause, pg_uuid_t *id);

/* Arms a timer of an approval. */
extern void respond_approval_arm(const Approval *approval, TimestampTz due_at, const char *what);

#endif							/* RESPOND_ACTION_APPROVE_H */
