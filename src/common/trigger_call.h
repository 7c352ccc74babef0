/*-------------------------------------------------------------------------
 * trigger_call.h
 *	  Checking that a trigger function was called as the trigger it is made for.
 *
 * src/common/trigger_call.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRIGGER_CALL_H
#define RESPOND_TRIGGER_CALL_H

#include "commands/trigger.h"
#include "fmgr.h"

/*
 * The data of the trigger call; raises unless function was called by a trigger
 * of this kind: "BEFORE" or "AFTER", "ROW", "STATEMENT" or NULL for either, on
 * the table of this name in schema respond, or with NULL on any table.
 */
extern TriggerData *respond_trigger_call(FunctionCallInfo fcinfo, const char *function,
										 const char *time, const char *level, const char *table);

#endif							/* RESPOND_TRIGGER_CALL_H */
