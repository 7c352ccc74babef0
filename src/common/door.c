/*-------------------------------------------------------------------------
 * door.c
 *	  The one door through which SQL of our own runs in other people's sessions.
 *
 * Triggers and functions of ours run SQL in sessions that can hold anything: a
 * search_path whose first schema has an operator "=" of somebody's own, row
 * security switched off, a temporary table with the name of one of ours.  SQL
 * that runs with the rights of our tables' owner must not meet any of that.
 *
 *	- search_path is pg_catalog, pg_temp.  Functions and operators are never
 *	  looked for in pg_temp, and relations and types in pg_catalog come first;
 *	  with every other name qualified there is nothing that a session could
 *	  put in the way.  Plans are made and checked under this path alone, so a
 *	  kept plan means the same in every session.
 *	- The operation is security-restricted: should code of somebody else be
 *	  reached all the same (a trigger that a superuser hung on our tables), it
 *	  cannot become our role for good, nor leave temporary tables, cursors,
 *	  prepared statements or deferred triggers behind that act later.
 *	- Settings that change what a statement means have their usual values.
 *	- Nothing is compiled just in time, however dear a plan is thought to be: it
 *	  takes longer than our statements, and fails where the server's compiler
 *	  cannot be loaded.
 *
 * What stays is the caller's: timeouts, the isolation level, a read-only
 * transaction, and session_replication_role (our triggers fire ALWAYS).
 *
 * Settings are looked at before they are set.  A worker has them pinned, and
 * setting one costs as much as a short statement.
 *
 * src/common/door.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/xml.h"

#include "common/door.h"
#include "common/partition_write.h"

#define PINNED_SEARCH_PATH	"pg_catalog, pg_temp"

/* as in utils/pg_locale.h, which needs the headers of ICU where the server has it */
extern PGDLLIMPORT char *locale_monetary;
extern PGDLLIMPORT char *locale_numeric;
extern PGDLLIMPORT char *locale_time;

static void
pin(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static bool
path_is_pinned(void)
{
	return namespace_search_path != NULL && strcmp(namespace_search_path, PINNED_SEARCH_PATH) == 0;
}

static bool
formats_are_pinned(void)
{
	return DateStyle == USE_ISO_DATES && DateOrder == DATEORDER_YMD && IntervalStyle == INTSTYLE_POSTGRES &&
		extra_float_digits == 1 && bytea_output == BYTEA_OUTPUT_HEX && xmlbinary == XMLBINARY_BASE64 &&
		xmloption == XMLOPTION_CONTENT && Array_nulls && !quote_all_identifiers &&
		strcmp(locale_monetary, "C") == 0 && strcmp(locale_numeric, "C") == 0 && strcmp(locale_time, "C") == 0 &&
		strcmp(pg_get_timezone_name(session_timezone), "UTC") == 0;
}

bool
respond_door_is_pinned(int flags)
{
	return path_is_pinned() && row_security && standard_conforming_strings && !Transform_null_equals && !jit_enabled &&
		((flags & DOOR_FORMATS) == 0 || formats_are_pinned());
}

void
respond_door_pin(int flags)
{
	if (!path_is_pinned())
		pin("search_path", PINNED_SEARCH_PATH);
	if (!row_security)
		pin("row_security", "on");
	if (!standard_conforming_strings)
		pin("standard_conforming_strings", "on");
	if (Transform_null_equals)
		pin("transform_null_equals", "off");
	if (jit_enabled)
		pin("jit", "off");
	if ((flags & DOOR_FORMATS) == 0 || formats_are_pinned())
		return;
	pin("DateStyle", "ISO, YMD");
	pin("IntervalStyle", "postgres");
	pin("extra_float_digits", "1");
	pin("bytea_output", "hex");
	pin("xmlbinary", "base64");
	pin("xmloption", "content");
	pin("array_nulls", "on");
	pin("quote_all_identifiers", "off");
	pin("lc_monetary", "C");
	pin("lc_numeric", "C");
	pin("lc_time", "C");
	pin("TimeZone", "UTC");
}

Oid
respond_door_owner(void)
{
	Relation	table = RelationIdGetRelation(respond_relation_oid("respond", "event"));
	Oid			owner = table->rd_rel->relowner;

	RelationClose(table);
	return owner;
}

void
respond_door_enter(Door *door, int flags)
{
	bool		as_owner = (flags & DOOR_AS_OWNER) != 0;

	GetUserIdAndSecContext(&door->user, &door->security);
	SetUserIdAndSecContext(as_owner ? respond_door_owner() : door->user,
						   door->security | SECURITY_RESTRICTED_OPERATION | SECURITY_LOCAL_USERID_CHANGE |
						   (as_owner ? SECURITY_NOFORCE_RLS : 0));
	door->settings = 0;
	if (!respond_door_is_pinned(flags))
	{
		door->settings = NewGUCNestLevel();
		respond_door_pin(flags);
	}
	door->snapshot = !ActiveSnapshotSet();
	if (door->snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
}

void
respond_door_leave(Door *door)
{
	if (door->snapshot)
		PopActiveSnapshot();
	if (door->settings != 0)
		AtEOXact_GUC(true, door->settings);
	SetUserIdAndSecContext(door->user, door->security);
}
