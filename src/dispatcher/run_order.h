/*-------------------------------------------------------------------------
 * run_order.h
 *	  What a run could not be told yet, it is told in its order.
 *
 * src/dispatcher/run_order.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_ORDER_H
#define RESPOND_RUN_ORDER_H

#include "dispatcher/awakening.h"

/* At the start of the process: what was put off before. */
extern void respond_run_order_load(void);

/* Whether the run has to be told something else first, which was put off; then *due is when that is tried. */
extern bool respond_run_order_is_behind(const Awakening *awakening, TimestampTz *due);

/* It is put off until then; gets its number the first time. */
extern void respond_run_order_put_off(Awakening *awakening, TimestampTz due);

/* It was told, or never will be. */
extern void respond_run_order_done(int64 run_id, int64 number);

#endif							/* RESPOND_RUN_ORDER_H */
