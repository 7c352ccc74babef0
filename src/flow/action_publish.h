/*-------------------------------------------------------------------------
 * action_publish.h
 *	  Action "publish": a message to a bridge.
 *
 * src/flow/action_publish.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_PUBLISH_H
#define RESPOND_ACTION_PUBLISH_H

#include "flow/flow_code.h"

/* Places of its parameters. */
enum
{
	PUBLISH_BRIDGE, PUBLISH_TOPIC, PUBLISH_EXCHANGE, PUBLISH_KEY, PUBLISH_DATA, PUBLISH_HEADERS
};

/* Refuses it: this version has no bridges. */
extern void respond_publish_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);

#endif							/* RESPOND_ACTION_PUBLISH_H */
