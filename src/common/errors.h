/*-------------------------------------------------------------------------
 * errors.h
 *	  SQLSTATEs of pg_respond.
 *
 * Class RS is ours: the standard leaves classes that begin with I to Z to
 * implementations.  Callers can match on the code; the texts may change.
 *
 * src/common/errors.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ERRORS_H
#define RESPOND_ERRORS_H

#include "utils/elog.h"

/* a rule, pattern, template or step that cannot be used */
#define ERRCODE_RESPOND_INVALID_RULE		MAKE_SQLSTATE('R', 'S', '0', '0', '1')
/* an event that cannot be recorded */
#define ERRCODE_RESPOND_INVALID_EVENT		MAKE_SQLSTATE('R', 'S', '0', '0', '2')
/* a status change that the desk does not allow */
#define ERRCODE_RESPOND_INVALID_TRANSITION	MAKE_SQLSTATE('R', 'S', '0', '0', '3')
/* a step of a flow failed on purpose (action "fail") or by its own limits */
#define ERRCODE_RESPOND_STEP_FAILED			MAKE_SQLSTATE('R', 'S', '0', '0', '4')
/* a size, depth or count beyond what pg_respond handles */
#define ERRCODE_RESPOND_LIMIT				MAKE_SQLSTATE('R', 'S', '0', '0', '5')
/* a channel, a kind of channels or a mask that cannot be used */
#define ERRCODE_RESPOND_INVALID_CHANNEL		MAKE_SQLSTATE('R', 'S', '0', '0', '6')
/* a saved run that cannot be taken up again */
#define ERRCODE_RESPOND_INVALID_RUN			MAKE_SQLSTATE('R', 'S', '0', '0', '7')

/* a table is not as the library expects it */
#define ERRCODE_RESPOND_SHAPE				MAKE_SQLSTATE('R', 'S', '0', '0', '9')

/* a source of requests from outside, or how its provider signs them, that cannot be used */
#define ERRCODE_RESPOND_INVALID_SOURCE		MAKE_SQLSTATE('R', 'S', '0', '1', '0')

/* a warning: a change of a watched table was made, and its event could not be recorded */
#define ERRCODE_RESPOND_EVENT_LOST			MAKE_SQLSTATE('0', '1', 'R', 'S', '1')

#endif							/* RESPOND_ERRORS_H */
