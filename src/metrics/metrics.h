/*-------------------------------------------------------------------------
 * metrics.h
 *	  What the metrics show: counters, times and states in shared memory.
 *
 * src/metrics/metrics.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_METRICS_H
#define RESPOND_METRICS_H

#include "metrics/metric_text.h"

/*
 * All metrics of a database, or of all databases of the cluster (InvalidOid),
 * in the arena.  Nothing is read but shared memory; no transaction is needed.
 */
extern JsonText respond_metrics_write(Arena *arena, Oid database, bool open);

#endif							/* RESPOND_METRICS_H */
