/*-------------------------------------------------------------------------
 * stream_token.c
 *	  Whether the tokens of open streams are still good.
 *
 * A trigger on the table of tokens sends an invalidation of it, so a change that
 * is committed before an event holds for that event.
 *
 * src/stream/stream_token.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/trigger_call.h"
#include "stream/stream_list.h"
#include "stream/stream_token.h"

PG_FUNCTION_INFO_V1(respond_api_tokens_changed);

static bool have_changed = true;
static Oid	token_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == token_table)
		have_changed = true;
}

static void
check_token(StreamToken *token, void *context)
{
	token->is_good = respond_token_is_good(context, token->key.hash, token->key.peer, STREAM_SCOPE, token->key.role);
}

bool
respond_stream_tokens_check(bool again)
{
	static bool registered = false;

	if (!registered)
		respond_relation_on_change(table_changed);
	registered = true;
	token_table = respond_relation_oid("respond", "api_token");
	if (!have_changed && !again)
		return false;
	/* what changes while they are looked at counts again */
	have_changed = false;
	respond_stream_each_token(check_token, respond_arena_create_in(CurrentMemoryContext));
	return true;
}

/* api_tokens_changed(): AFTER a statement on respond.api_token */
Datum
respond_api_tokens_changed(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "api_tokens_changed", "AFTER", "STATEMENT", "api_token");
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "api_token"));
	PG_RETURN_POINTER(NULL);
}
