/*-------------------------------------------------------------------------
 * rule_row.h
 *	  Rows of respond.rule, respond.mute and respond.route as C sees them.
 *
 * src/rule/rule_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_ROW_H
#define RESPOND_RULE_ROW_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "common/shape.h"
#include "flow/flow_compile.h"

/* With the name of a schedule behind it, the rule that runs of its query are recorded under. */
#define RULE_OF_SCHEDULE	"schedule:"

/* Columns of respond.rule as our code numbers them, and of respond.rule_version, which has three more. */
enum
{
	RULE_NAME, RULE_FOLDER, RULE_DESCRIPTION, RULE_ENABLED, RULE_SHADOW, RULE_PRIORITY,
	RULE_EVENT_TYPE, RULE_PATTERN, RULE_CONDITION, RULE_CORRELATE, RULE_STEPS, RULE_ON_FAILURE,
	RULE_OWNER, RULE_VERSION, RULE_CREATED_AT, RULE_UPDATED_AT, RULE_START_ROLES, RULE_OWNER_ID,
	RULE_START_ROLE_IDS, RULE_OWNER_SYSTEM, RULE_TIMEZONE, RULE_CONCURRENCY, RULE_CANCEL_ON,
	RULE_ON_CANCEL, RULE_COLUMNS,
	VERSION_CHANGED_BY = RULE_COLUMNS, VERSION_CHANGED_AT, VERSION_SESSION_ACTOR, VERSION_COLUMNS
};
enum
{
	MUTE_ID, MUTE_EVENT_TYPE, MUTE_PATTERN, MUTE_FROM_TIME, MUTE_UNTIL_TIME, MUTE_REASON,
	MUTE_ACTOR, MUTE_COLUMNS
};
enum
{
	ROUTE_NAME, ROUTE_EVENT_TYPE, ROUTE_PATTERN, ROUTE_NOTIFY_CHANNEL, ROUTE_PAYLOAD,
	ROUTE_ENABLED, ROUTE_COLUMNS
};

extern const Shape respond_shape_rule;
extern const Shape respond_shape_rule_version;
extern const Shape respond_shape_mute;
extern const Shape respond_shape_route;

typedef struct RuleRow
{
	char	   *name;
	char	   *folder;			/* texts and documents are NULL where the column is */
	char	   *description;
	bool		enabled;
	bool		shadow;
	int32		priority;
	char	   *event_type;
	Jsonb	   *pattern;
	char	   *condition;
	Jsonb	   *correlate;
	Jsonb	   *steps;
	Jsonb	   *on_failure;
	char	   *owner;
	int32		version;
	TimestampTz created_at;
	TimestampTz updated_at;
	ArrayType  *start_roles;	/* of name; NULL: none */
	Oid			owner_id;		/* see rule_owner.c */
	ArrayType  *start_role_ids; /* of oid, in the order of start_roles */
	int64		owner_system;	/* system that these are roles of; 0: none */
	char	   *timezone;
	Jsonb	   *concurrency;
	Jsonb	   *cancel_on;
	Jsonb	   *on_cancel;
} RuleRow;

/* What its flow is made from; points into the row. */
extern FlowSource respond_rule_row_flow(const RuleRow *row, Oid owner);

/* Copies the values of a row into the current memory context. */
extern void respond_rule_row_read(RuleRow *row, const Datum *values, const bool *nulls);

#endif							/* RESPOND_RULE_ROW_H */
