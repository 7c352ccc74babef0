/*-------------------------------------------------------------------------
 * audit_write.h
 *	  Writing the audit log from C, as many rows at once as the caller has.
 *
 * src/audit/audit_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_AUDIT_WRITE_H
#define RESPOND_AUDIT_WRITE_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "common/shape.h"

extern const Shape respond_shape_audit_log;

/* One row of respond.audit_log. */
typedef struct AuditRow
{
	TimestampTz at;				/* 0: now() */
	const char *actor;			/* NULL: that of the context */
	const char *action;			/* "ticket.created" */
	const char *object_type;	/* "ticket" */
	const char *object_id;		/* NULL: none */
	int64		event_id;		/* event that led to it; 0: none */
	int64		run_id;			/* 0: none */
	const char *rule;			/* NULL: none */
	Jsonb	   *old;			/* NULL: none */
	Jsonb	   *new;			/* NULL: none */
} AuditRow;

/*
 * Appends the rows, without a plan and without asking for privileges: whoever
 * does something has it put on record.  A row without actor, event, run and
 * rule gets all four from the context (event/event_context.h).
 */
extern void respond_audit_write(const AuditRow *rows, int count);

#endif							/* RESPOND_AUDIT_WRITE_H */
