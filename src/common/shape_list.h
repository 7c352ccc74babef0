/*-------------------------------------------------------------------------
 * shape_list.h
 *	  The shapes of all tables that our code knows, for the one who looks at all of them.
 *
 * A file that defines a shape and has no header that declares it includes this.
 *
 * src/common/shape_list.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHAPE_LIST_H
#define RESPOND_SHAPE_LIST_H

#include "common/shape.h"

/* Each lies in the room that uses it. */
extern const Shape respond_shape_attempt;
extern const Shape respond_shape_audit_log;
extern const Shape respond_shape_channel;
extern const Shape respond_shape_channel_kind;
extern const Shape respond_shape_comment;
extern const Shape respond_shape_delivery;
extern const Shape respond_shape_event;
extern const Shape respond_shape_mask;
extern const Shape respond_shape_mute;
extern const Shape respond_shape_producer;
extern const Shape respond_shape_progress_0;
extern const Shape respond_shape_progress_1;
extern const Shape respond_shape_requeue;
extern const Shape respond_shape_route;
extern const Shape respond_shape_rule;
extern const Shape respond_shape_rule_version;
extern const Shape respond_shape_run;
extern const Shape respond_shape_team;
extern const Shape respond_shape_ticket;
extern const Shape respond_shape_ticket_history;

/* These in shape_sql.c. */
extern const Shape respond_shape_acknowledged;
extern const Shape respond_shape_dead_event;
extern const Shape respond_shape_set_aside_event;
extern const Shape respond_shape_stopped_rule;
extern const Shape respond_shape_suspect;
extern const Shape respond_shape_suspect_delivery;

#endif							/* RESPOND_SHAPE_LIST_H */
