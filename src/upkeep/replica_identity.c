/*-------------------------------------------------------------------------
 * replica_identity.c
 *	  By what a subscriber knows the rows of a partition.
 *
 * One CREATE PUBLICATION ... FOR ALL TABLES makes the server refuse every
 * UPDATE and DELETE of a table without a replica identity, so each of our
 * tables has one.  That of a partition is the unique index on id; partitions
 * whose rows nobody changes have all their columns.
 *
 * src/upkeep/replica_identity.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"

#include "upkeep/replica_identity.h"
#include "upkeep/statement.h"

static const char *const find_identity =
"SELECT CASE WHEN d.relreplident OPERATOR(pg_catalog.=) 'f' THEN 'FULL' ELSE"
" (SELECT pg_catalog.format('USING INDEX %I', i.relname)"
" FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid OPERATOR(pg_catalog.=) x.indexrelid"
" JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) x.indrelid AND a.attname"
" OPERATOR(pg_catalog.=) 'id'"
" WHERE x.indrelid OPERATOR(pg_catalog.=) $2::pg_catalog.regclass AND x.indisunique AND x.indimmediate"
" AND x.indpred IS NULL AND x.indexprs IS NULL"
" AND x.indnkeyatts OPERATOR(pg_catalog.=) 1 AND x.indkey[0] OPERATOR(pg_catalog.=) a.attnum LIMIT 1) END "
"FROM pg_catalog.pg_class AS d WHERE d.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass";

void
respond_replica_identity_copy(const char *default_partition, const char *partition)
{
	Datum		names[2] = {
		CStringGetTextDatum(default_partition),
		CStringGetTextDatum(psprintf("respond_internal.%s", partition))
	};
	char	   *identity;

	if (respond_statement_run(find_identity, 2, (Oid[]) {TEXTOID, TEXTOID}, names) == 0)
		return;
	identity = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (identity != NULL)
		respond_statement_format("ALTER TABLE respond_internal.%s REPLICA IDENTITY %s", partition, identity);
}
