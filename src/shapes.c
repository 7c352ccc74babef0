/*-------------------------------------------------------------------------
 * shapes.c
 *	  The tables whose columns our code knows, of all rooms.
 *
 * src/shapes.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "approval/approval.h"
#include "audit/audit_write.h"
#include "audit/mask_path.h"
#include "calendar/calendar_row.h"
#include "channel/channel_columns.h"
#include "channel/channel_kind.h"
#include "common/shape_sql.h"
#include "courier/outcome_rows.h"
#include "desk/agent.h"
#include "desk/recorder.h"
#include "desk/ticket_columns.h"
#include "dispatcher/progress.h"
#include "dispatcher/requeue.h"
#include "effect/decision_write.h"
#include "effect/loop_items.h"
#include "effect/run.h"
#include "event/event_columns.h"
#include "event/producer.h"
#include "inbound/scheme_row.h"
#include "inbound/source.h"
#include "on_call/on_call_row.h"
#include "outbox/delivery_columns.h"
#include "outbox/run_inbox.h"
#include "rest/token_row.h"
#include "rule/rule_row.h"
#include "schedule/schedule_row.h"
#include "shapes.h"
#include "timer/timer_columns.h"
#include "wait/wait_passed.h"
#include "wait/wait_pattern.h"
#include "wait/wait_row.h"

static const Shape *const all_shapes[] = {
	&respond_shape_agent,
	&respond_shape_api_token,
	&respond_shape_approval,
	&respond_shape_attempt,
	&respond_shape_audit_log,
	&respond_shape_calendar,
	&respond_shape_calendar_exception,
	&respond_shape_channel,
	&respond_shape_channel_kind,
	&respond_shape_comment,
	&respond_shape_delivery,
	&respond_shape_event,
	&respond_shape_heard,
	&respond_shape_inbound_scheme,
	&respond_shape_inbound_source,
	&respond_shape_loop_items,
	&respond_shape_mask,
	&respond_shape_mute,
	&respond_shape_on_call_layer,
	&respond_shape_on_call_override,
	&respond_shape_passed,
	&respond_shape_producer,
	&respond_shape_progress_0,
	&respond_shape_progress_1,
	&respond_shape_rating,
	&respond_shape_requeue,
	&respond_shape_rotation,
	&respond_shape_rotation_member,
	&respond_shape_route,
	&respond_shape_rule,
	&respond_shape_rule_version,
	&respond_shape_run,
	&respond_shape_run_inbox,
	&respond_shape_schedule,
	&respond_shape_team,
	&respond_shape_team_member,
	&respond_shape_ticket,
	&respond_shape_ticket_history,
	&respond_shape_timer,
	&respond_shape_wait,
	&respond_shape_wait_decision,
	&respond_shape_wait_pattern,
	&respond_shape_acknowledged,
	&respond_shape_dead_event,
	&respond_shape_set_aside_event,
	&respond_shape_stopped_rule,
	&respond_shape_suspect,
	&respond_shape_suspect_delivery,
	&respond_shape_time_seen,
};

void
respond_shapes_initialize(void)
{
	respond_shape_list(all_shapes, lengthof(all_shapes));
}
