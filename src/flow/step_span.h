/*-------------------------------------------------------------------------
 * step_span.h
 *	  Spans of time that fields of steps give.
 *
 * src/flow/step_span.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_SPAN_H
#define RESPOND_STEP_SPAN_H

#include "common/json_value.h"

/* Longest one, in ms: 100 years. */
#define STEP_LONGEST_SPAN	(INT64CONST(36525) * 86400 * 1000)

/*
 * A number of seconds, or an interval as text, from 1 ms on, in ms; longest in ms,
 * and in words.  0: the field is not given.
 */
extern int64 respond_step_span(const char *place, const JsonValue *value, const char *field, int64 longest,
							   const char *in_words);

#endif							/* RESPOND_STEP_SPAN_H */
