/*-------------------------------------------------------------------------
 * send_test.c
 *	  respond.send_test(): a message by hand, to try a channel.
 *
 * src/message/send_test.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "audit/audit_write.h"
#include "catalog/pg_type.h"
#include "common/standby.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "common/errors.h"
#include "common/partition_write.h"
#include "message/message.h"

PG_FUNCTION_INFO_V1(respond_send_test);

/*
 * send_test(channel text, recipient text) → bigint: records a delivery of a test message and
 * returns its number.  Goes the way of any other; needs the right to change
 * channels.  Raises an error when the channel does not exist or cannot be used.
 */
Datum
respond_send_test(PG_FUNCTION_ARGS)
{
	char	   *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			table = respond_relation_oid("respond", "channel");
	const Channel *channel;
	Message		message = {.text = "Test message of pg_respond",.title = "Test message of pg_respond"};
	MessageOrigin origin = {0};
	NewDelivery delivery;
	AuditRow	audit = {.action = "channel.tested",.object_type = "channel",.object_id = name};

	if (RecoveryInProgress())
		respond_standby_refuse("send_test()");
	if (pg_class_aclcheck(table, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "channel");
	if (name == NULL)
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		message.to = text_to_cstring(PG_GETARG_TEXT_PP(1));
	channel = respond_channel_find(name);
	if (channel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("channel \"%s\" does not exist", name)));
	respond_message_build(channel, &message, &origin, "send_test()", &delivery);
	delivery.id = respond_outbox_next_id();
	respond_outbox_write(&delivery, 1);
	respond_audit_write(&audit, 1);
	PG_RETURN_INT64(delivery.id);
}
