/*-------------------------------------------------------------------------
 * guc.h
 *	  Settings of pg_respond, one variable for each, sorted by name.
 *
 * src/common/guc.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GUC_H
#define RESPOND_GUC_H

extern int	respond_audit_retention;
extern int	respond_batch_size;
extern int	respond_dispatchers;
extern int	respond_event_retention;
extern int	respond_max_depth;
extern int	respond_max_event_size;
extern int	respond_max_rendered_size;
extern int	respond_max_workers;
extern int	respond_partition_interval;
extern int	respond_rule_timeout;

extern void respond_guc_define(void);

#endif							/* RESPOND_GUC_H */
