/*-------------------------------------------------------------------------
 * audit_trigger.c
 *	  Triggers of the audit log: what guards it, and what feeds it.
 *
 * src/audit/audit_trigger.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "audit/audit_erase.h"
#include "audit/audit_write.h"
#include "common/partition_write.h"
#include "common/restore.h"
#include "common/row_json.h"
#include "common/trigger_call.h"

PG_FUNCTION_INFO_V1(respond_audit_guard);
PG_FUNCTION_INFO_V1(respond_audit_row);
PG_FUNCTION_INFO_V1(respond_audit_record);

static const char *
operation_name(TriggerEvent event)
{
	if (TRIGGER_FIRED_BY_INSERT(event))
		return "INSERT";
	if (TRIGGER_FIRED_BY_UPDATE(event))
		return "UPDATE";
	if (TRIGGER_FIRED_BY_DELETE(event))
		return "DELETE";
	return "TRUNCATE";
}

static Oid
audit_log_owner(void)
{
	Relation	audit_log = RelationIdGetRelation(respond_relation_oid("respond", "audit_log"));
	Oid			owner = audit_log->rd_rel->relowner;

	RelationClose(audit_log);
	return owner;
}

/*
 * BEFORE INSERT, UPDATE, DELETE or TRUNCATE on respond.audit_log and its
 * partitions.  Refuses whoever it is, superusers too.  Rows come from C code
 * that fires no triggers; beside it only the table's owner (a function of the
 * extension) and a dump being loaded may insert, and erase_audit() may erase.
 */
Datum
respond_audit_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "audit_guard", "BEFORE", NULL, NULL);

	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) &&
		(GetUserId() == audit_log_owner() || respond_restore_in_progress()))
		PG_RETURN_POINTER(NULL);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && respond_audit_is_erasing())
		PG_RETURN_POINTER(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ? trigger->tg_newtuple : NULL);

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("%s on the audit log is not allowed", operation_name(trigger->tg_event)),
			 errdetail("Only pg_respond appends to table \"%s\"; nobody changes or removes rows.",
					   RelationGetRelationName(trigger->tg_relation)),
			 errhint("Old rows are dropped with their partition, see \"%s\".", "pg_respond.audit_retention")));
}

/* Place of the first column of the primary key, from 0; -1 when there is none. */
static int
key_column(Relation table)
{
	Bitmapset  *key = RelationGetIndexAttrBitmap(table, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	int			member = bms_next_member(key, -1);

	return member < 0 ? -1 : member + FirstLowInvalidHeapAttributeNumber - 1;
}

static char *
value_text(TupleDesc desc, int column, TupleTableSlot *row)
{
	Oid			output;
	bool		is_varlena;

	if (column < 0 || row->tts_isnull[column])
		return NULL;
	getTypeOutputInfo(TupleDescAttr(desc, column)->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, row->tts_values[column]);
}

/* Flags what differs between the rows; NULL when nothing does. */
static bool *
changed_columns(TupleDesc desc, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	bool	   *changed = palloc0(desc->natts * sizeof(bool));
	bool		any = false;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		if (old_row->tts_isnull[i] || new_row->tts_isnull[i])
			changed[i] = old_row->tts_isnull[i] != new_row->tts_isnull[i];
		else
			changed[i] = !datum_image_eq(old_row->tts_values[i], new_row->tts_values[i],
										 attribute->attbyval, attribute->attlen);
		any |= changed[i];
	}
	return any ? changed : NULL;
}

/*
 * audit_row([object type]): AFTER INSERT, UPDATE, DELETE for each row, or
 * TRUNCATE for each statement, on a table whose changes are to be on record.
 * Writes actions TYPE.inserted, .updated, .deleted, .truncated; the type is
 * the argument, or the table's name.  An UPDATE records the columns that it
 * changed, and nothing when it changed none.
 */
Datum
respond_audit_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "audit_row", "AFTER", NULL, NULL);
	TupleDesc	desc;
	TupleTableSlot *old_row = NULL;
	TupleTableSlot *new_row = NULL;
	bool	   *changed = NULL;
	AuditRow	row = {0};
	const char *verb = "truncated";

	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);

	desc = RelationGetDescr(trigger->tg_relation);
	row.object_type = trigger->tg_trigger->tgnargs > 0 ? trigger->tg_trigger->tgargs[0] :
		RelationGetRelationName(trigger->tg_relation);

	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		RowJson    *row_json = respond_row_json_create(desc);

		if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		{
			verb = "inserted";
			new_row = trigger->tg_trigslot;
		}
		else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		{
			verb = "deleted";
			old_row = trigger->tg_trigslot;
		}
		else
		{
			verb = "updated";
			old_row = trigger->tg_trigslot;
			new_row = trigger->tg_newslot;
		}

		if (old_row != NULL)
			slot_getallattrs(old_row);
		if (new_row != NULL)
			slot_getallattrs(new_row);
		if (old_row != NULL && new_row != NULL)
		{
			changed = changed_columns(desc, old_row, new_row);
			if (changed == NULL)
				PG_RETURN_POINTER(NULL);
		}
		if (old_row != NULL)
			row.old = respond_row_json(row_json, old_row->tts_values, old_row->tts_isnull, changed);
		if (new_row != NULL)
			row.new = respond_row_json(row_json, new_row->tts_values, new_row->tts_isnull, changed);
		row.object_id = value_text(desc, key_column(trigger->tg_relation),
								   old_row != NULL ? old_row : new_row);
	}

	row.action = psprintf("%s.%s", row.object_type, verb);
	respond_audit_write(&row, 1);
	PG_RETURN_POINTER(NULL);
}

static char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * audit(action, object_type, object_id, old, new): appends one row, for
 * functions of the extension that are written in SQL.
 */
Datum
respond_audit_record(PG_FUNCTION_ARGS)
{
	AuditRow	row = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("action and object type of an audit row cannot be null")));
	row.action = text_argument(fcinfo, 0);
	row.object_type = text_argument(fcinfo, 1);
	row.object_id = text_argument(fcinfo, 2);
	row.old = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	row.new = PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4);
	respond_audit_write(&row, 1);
	PG_RETURN_VOID();
}
