/*-------------------------------------------------------------------------
 * action_publish.c
 *	  Action "publish": a message to a bridge.
 *
 * src/flow/action_publish.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "flow/action_publish.h"
#include "flow/step_fields.h"

void
respond_publish_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.bridge: there is no bridge \"%s\"", step->place,
					respond_step_member(value, "bridge")->text),
			 errdetail("This version of pg_respond has no bridges to Kafka and AMQP; a later one will."),
			 errhint("Until then use action \"notify\" with a channel of kind \"webhook\" that leads to a proxy of the"
					 " broker.")));
}
