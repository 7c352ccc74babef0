/*-------------------------------------------------------------------------
 * audit_write.c
 *	  Writing the audit log from C, as many rows at once as the caller has.
 *
 * src/audit/audit_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "audit/audit_write.h"
#include "audit/mask.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "common/shmem.h"
#include "event/event_context.h"

/* Columns of respond.audit_log, in their order. */
enum
{
	AUDIT_ID,
	AUDIT_AT,
	AUDIT_ACTOR,
	AUDIT_ACTION,
	AUDIT_OBJECT_TYPE,
	AUDIT_OBJECT_ID,
	AUDIT_EVENT_ID,
	AUDIT_RUN_ID,
	AUDIT_RULE,
	AUDIT_OLD,
	AUDIT_NEW,
	AUDIT_SESSION_ACTOR,
	AUDIT_SALT,
	AUDIT_COLUMNS
};

static const ShapeColumn audit_columns[] = {
	{"id", INT8OID},
	{"at", TIMESTAMPTZOID},
	{"actor", TEXTOID},
	{"action", TEXTOID},
	{"object_type", TEXTOID},
	{"object_id", TEXTOID},
	{"event_id", INT8OID},
	{"run_id", INT8OID},
	{"rule", TEXTOID},
	{"old", JSONBOID},
	{"new", JSONBOID},
	{"session_actor", TEXTOID},
	{"salt", UUIDOID},
};

StaticAssertDecl(lengthof(audit_columns) == AUDIT_COLUMNS, "each column of respond.audit_log has its type");

const Shape respond_shape_audit_log = SHAPE("respond.audit_log", audit_columns);

/* Masks are for what events bring; how the desk is set up must be readable. */
static Jsonb *
masked(const AuditRow *row, Jsonb *document, int64 event_id)
{
	static const char *const configuration[] = {"rule", "mute", "route", "team", "agent",
	"team_member", "channel", "channel_kind", "mask", "inbound_scheme"};

	for (int i = 0; i < lengthof(configuration); i++)
		if (row->object_type != NULL && strcmp(row->object_type, configuration[i]) == 0)
			return document;
	return respond_mask_document(document, event_id);
}

/* Random numbers are asked for many at a time. */
static void
make_salt(pg_uuid_t *salt)
{
	static uint8 pool[64 * UUID_LEN];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		left = sizeof(pool) / UUID_LEN;
	}
	left--;
	memcpy(salt->data, pool + left * UUID_LEN, UUID_LEN);
	explicit_bzero(pool + left * UUID_LEN, UUID_LEN);
}

/*
 * The clock, which seals the log, need not look when nothing was written.  To be
 * called when the ids are taken: who has heard of the rows then sees their ids, and
 * looks again if they are not committed yet.
 */
static void
tell_sealer(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	if (database != NULL)
		pg_atomic_fetch_add_u64(&database->audit_written, 1);
}

void
respond_audit_write(const AuditRow *rows, int count)
{
	const EventContext *context = respond_event_context();
	PartitionWriter *writer;
	Oid			sequence;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	char	   *actor = NULL;
	char	   *session_actor;

	if (count == 0)
		return;
	session_actor = respond_event_context_session_actor();
	/* before any id is taken: see respond_internal.seal_block() */
	(void) GetTopTransactionId();
	sequence = respond_relation_oid("respond", "audit_log_id_seq");
	writer = respond_partition_writer_open(respond_relation_oid("respond", "audit_log"), &respond_shape_audit_log);
	for (int i = 0; i < count; i++)
	{
		const AuditRow *row = &rows[i];
		TimestampTz at = row->at != 0 ? row->at : now;
		Datum		values[AUDIT_COLUMNS] = {0};
		bool		nulls[AUDIT_COLUMNS] = {0};
		pg_uuid_t	salt;
		int64		event_id;
		bool		from_context = row->actor == NULL && row->event_id == 0 &&
		row->run_id == 0 && row->rule == NULL;

		if (row->actor == NULL && actor == NULL)
			actor = respond_event_context_actor();
		values[AUDIT_ID] = Int64GetDatum(nextval_internal(sequence, false));
		values[AUDIT_AT] = TimestampTzGetDatum(at);
		respond_row_set_text(values, nulls, AUDIT_ACTOR, row->actor != NULL ? row->actor : actor);
		respond_row_set_text(values, nulls, AUDIT_ACTION, row->action);
		respond_row_set_text(values, nulls, AUDIT_OBJECT_TYPE, row->object_type);
		respond_row_set_text(values, nulls, AUDIT_OBJECT_ID, row->object_id);
		respond_row_set_int64(values, nulls, AUDIT_EVENT_ID, from_context ? context->event_id : row->event_id);
		respond_row_set_int64(values, nulls, AUDIT_RUN_ID, from_context ? context->run_id : row->run_id);
		respond_row_set_text(values, nulls, AUDIT_RULE, from_context ? context->rule : row->rule);
		event_id = from_context ? context->event_id : row->event_id;
		respond_row_set_jsonb(values, nulls, AUDIT_OLD, masked(row, row->old, event_id));
		respond_row_set_jsonb(values, nulls, AUDIT_NEW, masked(row, row->new, event_id));
		respond_row_set_text(values, nulls, AUDIT_SESSION_ACTOR, session_actor);
		make_salt(&salt);
		values[AUDIT_SALT] = UUIDPGetDatum(&salt);
		respond_partition_writer_add(writer, at, values, nulls);
	}
	respond_partition_writer_close(writer);
	tell_sealer();
}
