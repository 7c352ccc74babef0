/*-------------------------------------------------------------------------
 * flatten_number.h
 *	  Numbers of the server as values of an event.
 *
 * src/match/flatten_number.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLATTEN_NUMBER_H
#define RESPOND_FLATTEN_NUMBER_H

#include "utils/numeric.h"

#include "match/event_fields.h"

/* The number must not be toasted; those inside jsonb never are. */
extern void respond_flatten_numeric(EventFields *event, const PathNode *node, int element, Numeric number);
extern void respond_flatten_integer(EventFields *event, const PathNode *node, int64 number);

#endif							/* RESPOND_FLATTEN_NUMBER_H */
