/*-------------------------------------------------------------------------
 * approval_care.c
 *	  What is done about an approval while nobody decides.
 *
 * src/dispatcher/approval_care.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "approval/approval_record.h"
#include "approval/approver.h"
#include "approval/text_list.h"
#include "common/clock.h"
#include "common/interval_read.h"
#include "common/jsonb_read.h"
#include "dispatcher/approval_care.h"
#include "flow/action_approve.h"
#include "flow/flow_code.h"
#include "rule/rule_version_cache.h"

bool
respond_approval_expire(const FlowPause *pause)
{
	Approval   *approval;
	pg_uuid_t	id;

	respond_approval_of_pause(pause, &id);
	approval = respond_approval_lock(&id, false);
	if (approval == NULL || strcmp(approval->status, APPROVAL_EXPIRED) == 0)
		return true;
	if (strcmp(approval->status, APPROVAL_OPEN) != 0)
		return false;
	respond_approval_end(approval, APPROVAL_EXPIRED, NULL);
	return true;
}

/* After a standstill the time counts from now on: nobody is reminded a hundred times at once. */
static void
arm_reminder(const Approval *approval)
{
	Rule	   *rule = respond_rule_version_get(approval->rule, approval->rule_version);
	const pg_tz *zone = rule != NULL && rule->flow != NULL ? rule->flow->timezone : pg_tzset("GMT");
	TimestampTz due_at;

	if (approval->remind_every != NULL &&
		respond_interval_add(respond_clock_now(), approval->remind_every, zone, &due_at))
		respond_approval_arm(approval, due_at, APPROVAL_REMIND);
}

/* Those who were asked before stay asked. */
static void
escalate(Approval *approval)
{
	List	   *people = respond_approvers_people(approval->escalate_to, &approval->roles);

	if (!approval->self_approval)
		people = respond_people_without(people, approval->caused_by, &approval->roles);
	respond_asked_roles_note_people(&approval->roles, people);
	respond_approval_escalate(approval, respond_texts_union(approval->asked_of, respond_people_names(people)));
}

void
respond_approval_care(FlowRun *run, const FlowPause *pause, const Awakening *awakening)
{
	char	   *what = respond_jsonb_find_text(respond_jsonb_root(awakening->data), "do");
	Approval   *approval;
	Event		cause = {0};
	pg_uuid_t	id;

	respond_approval_of_pause(pause, &id);
	if (awakening->approval == NULL || strcmp(respond_approval_id_text(&id), awakening->approval) != 0)
		return;
	approval = respond_approval_lock(&id, false);
	if (approval == NULL || strcmp(approval->status, APPROVAL_OPEN) != 0)
		return;
	cause.id = approval->event_id;
	cause.depth = approval->depth - 1;
	run->event = approval->event_id != 0 ? &cause : NULL;
	if (what != NULL && strcmp(what, APPROVAL_REMIND) == 0)
	{
		arm_reminder(approval);
		respond_approval_record(approval, run, "approval.reminded", respond_votes(approval));
	}
	else if (!approval->escalated)
	{
		escalate(approval);
		respond_approval_record(approval, run, "approval.escalated", respond_votes(approval));
	}
}
