/*-------------------------------------------------------------------------
 * emit.c
 *	  respond.emit(): records one event and returns its id.
 *
 * Whoever may INSERT the columns that are given may emit(), nobody else: the
 * rows are written without a plan, so the check is made here.  Unlike INSERT
 * ... RETURNING it tells the id without a right to read the log.
 *
 * src/event/emit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/standby.h"
#include "event/emit.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/event_write.h"
#include "event/producer.h"

PG_FUNCTION_INFO_V1(respond_emit);

static void
check_may_insert_column(Oid table, const char *column)
{
	Oid			user = GetUserId();

	if (pg_attribute_aclcheck(table, get_attnum(table, column), user, ACL_INSERT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to record events"),
				 errdetail("Role \"%s\" may not INSERT into column \"%s\" of table \"%s\".",
						   GetUserNameFromId(user, true), column, "respond.event"),
				 errhint("Grant it membership in role \"%s\".", "respond_producer")));
}

/* What the executor checks for an INSERT that names the columns given. */
static void
check_may_insert(const NewEvent *event)
{
	Oid			table = respond_event_write_table();

	if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) == ACLCHECK_OK)
		return;
	check_may_insert_column(table, "type");
	if (event->data != NULL)
		check_may_insert_column(table, "data");
	if (event->subject != NULL)
		check_may_insert_column(table, "subject");
	if (event->source != NULL)
		check_may_insert_column(table, "source");
	if (event->key != NULL)
		check_may_insert_column(table, "key");
	if (event->time != 0)
		check_may_insert_column(table, "time");
}

static void
check_may_use_source(const char *source)
{
	if (source == NULL)
	{
		text	   *standard = respond_event_defaults_source();

		respond_producer_check(GetUserId(), VARDATA_ANY(standard), VARSIZE_ANY_EXHDR(standard));
	}
	else
		respond_producer_check(GetUserId(), source, strlen(source));
}

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* "time" is a keyword, so as the name of an argument it needs quotes; occurred_at needs none. */
static TimestampTz
time_argument(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(5) && !PG_ARGISNULL(6))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time and occurred_at cannot both be given"),
				 errhint("They are two names for the same argument; leave one out.")));
	if (!PG_ARGISNULL(5))
		return PG_GETARG_TIMESTAMPTZ(5);
	return PG_ARGISNULL(6) ? 0 : PG_GETARG_TIMESTAMPTZ(6);
}

void
respond_emit_event(NewEvent *event)
{
	respond_standby_refuse("emit()");
	PreventCommandIfReadOnly("emit()");
	PreventCommandIfParallelMode("emit()");
	if (event->type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_EVENT),
				 errmsg("type of an event cannot be null"),
				 errhint("Give the event a type, for example \"order.created\".")));
	check_may_insert(event);
	check_may_use_source(event->source);
	respond_event_write_set_cause(event);
	respond_event_write(event, 1);
	respond_event_context_check_fan_out();
}

/*
 * emit(type, data, subject, source, key, time, occurred_at) → bigint: id of the
 * event, or of the earlier event that has the same source and key.
 */
Datum
respond_emit(PG_FUNCTION_ARGS)
{
	NewEvent	event = {0};

	event.type = text_argument(fcinfo, 0);
	event.data = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	event.subject = text_argument(fcinfo, 2);
	event.source = text_argument(fcinfo, 3);
	event.key = text_argument(fcinfo, 4);
	event.time = time_argument(fcinfo);
	respond_emit_event(&event);
	PG_RETURN_INT64(event.id != 0 ? event.id : event.known_id);
}
