/*-------------------------------------------------------------------------
 * trigger_call.c
 *	  Checking that a trigger function was called as the trigger it is made for.
 *
 * Our triggers know the columns of their table by place.  On another table, or
 * called by hand, they would read what is not there.
 *
 * src/common/trigger_call.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/rel.h"

#include "common/partition_write.h"
#include "common/trigger_call.h"

TriggerData *
respond_trigger_call(FunctionCallInfo fcinfo, const char *function, const char *time,
					 const char *level, const char *table)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", function)));
	if (strcmp(time, TRIGGER_FIRED_BEFORE(trigger->tg_event) ? "BEFORE" : "AFTER") != 0 ||
		(level != NULL && strcmp(level, TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ? "ROW" : "STATEMENT") != 0))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by trigger \"%s\"", function,
						trigger->tg_trigger->tgname),
				 errdetail("It must be a trigger %s the change%s%s.", strcmp(time, "BEFORE") == 0 ? "before" : "after",
						   level != NULL ? ", FOR EACH " : "", level != NULL ? level : "")));
	if (table != NULL && RelationGetRelid(trigger->tg_relation) != respond_relation_oid("respond", table))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", function,
						RelationGetRelationName(trigger->tg_relation)),
				 errdetail("It is for table \"respond.%s\".", table)));
	return trigger;
}
