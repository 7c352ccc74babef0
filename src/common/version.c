/*-------------------------------------------------------------------------
 * version.c
 *	  The version of the library, and that of the extension in a database.
 *
 * The library is what the server loaded when it started, the extension what its
 * scripts made in a database.  A new package changes the one at the next
 * start of the server and the other with ALTER EXTENSION ... UPDATE.
 *
 * src/common/version.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "common/version.h"

PG_FUNCTION_INFO_V1(respond_library_version);

/* library_version() → text: of the library that this server has in memory. */
Datum
respond_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(RESPOND_VERSION));
}

char *
respond_version_installed(void)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;
	char	   *version = NULL;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("pg_respond"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
	{
		bool		is_null;
		Datum		value = heap_getattr(row, Anum_pg_extension_extversion, RelationGetDescr(extensions), &is_null);

		version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return version;
}
