/*-------------------------------------------------------------------------
 * step_order.h
 *	  Which steps may come after a step.
 *
 * src/flow/step_order.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_ORDER_H
#define RESPOND_STEP_ORDER_H

#include "flow/flow_code.h"

/*
 * For each step of the part whether it may come next, palloc'd, and behind them
 * whether the end may: after this step, or before: it comes itself, or what
 * follows if it is skipped.
 */
extern bool *respond_steps_next(const FlowPart *part, const FlowStep *step, bool before);

#endif							/* RESPOND_STEP_ORDER_H */
