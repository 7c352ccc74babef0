/*-------------------------------------------------------------------------
 * settings.c
 *	  Settings that workers need, whatever the server's configuration says.
 *
 * ALTER SYSTEM, ALTER DATABASE and ALTER ROLE can give any session a read-only
 * default, a timeout of a millisecond or a search_path of their own.  A worker
 * must not be stopped by that.  Values set as those of the session win over all
 * three and over later reloads.  They are not set as "override", because the
 * SET clause of a function could then not change them any more.
 *
 * src/worker/settings.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "common/guc.h"
#include "common/pg_compat.h"
#include "worker/settings.h"

typedef struct PinnedSetting
{
	const char *name;
	const char *value;
} PinnedSetting;

static const PinnedSetting pinned[] = {
	{"array_nulls", "on"},
	{"backslash_quote", "safe_encoding"},
	{"check_function_bodies", "on"},
	{"default_table_access_method", "heap"},
	/* the role may have no right to create partitions there */
	{"default_tablespace", ""},
	{"default_transaction_deferrable", "off"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"exit_on_error", "off"},
	{"idle_in_transaction_session_timeout", "0"},
	{"idle_session_timeout", "0"},
	/* compiling short statements costs more than it saves */
	{"jit", "off"},
	/* parallel workers come from the same pool as ours */
	{"max_parallel_workers_per_gather", "0"},
	{"quote_all_identifiers", "off"},
	{"row_security", "on"},
	{"search_path", "pg_catalog, pg_temp"},
	{"session_replication_role", "origin"},
	{"standard_conforming_strings", "on"},
	{"statement_timeout", "0"},
	/* what a crash takes back is done again: cursor and effects go together */
	{"synchronous_commit", "off"},
	RESPOND_PIN_TRANSACTION_TIMEOUT
	{"transform_null_equals", "off"},
	{"xmloption", "content"},
};

/* Nobody's lock is waited for without a limit. */
static void
pin_lock_timeout(void)
{
	char		value[16];

	snprintf(value, sizeof(value), "%d", respond_lock_timeout);
	SetConfigOption("lock_timeout", value, PGC_SUSET, PGC_S_SESSION);
}

void
respond_settings_pin(void)
{
	pin_lock_timeout();
	for (int i = 0; i < lengthof(pinned); i++)
		SetConfigOption(pinned[i].name, pinned[i].value, PGC_SUSET, PGC_S_SESSION);
}

void
respond_settings_pin_role(void)
{
	SetConfigOption("role", "none", PGC_SUSET, PGC_S_SESSION);
}
