/*-------------------------------------------------------------------------
 * partition_status.c
 *	  Whether the clock keeps up with making partitions; for respond.health().
 *
 * src/upkeep/partition_status.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "upkeep/partition.h"

PG_FUNCTION_INFO_V1(respond_partition_status);

/*
 * partition_status() → setof (table_name text, present boolean, ahead integer):
 * for each table that is partitioned by time whether the present, or the next
 * hour, has a partition, and how many lie ahead.
 */
Datum
respond_partition_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = GetCurrentTimestamp();

	/* the first partition begins a little later when the default one has rows already */
	TimestampTz soon = now + USECS_PER_HOUR;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < TIMED_TABLE_COUNT; i++)
	{
		PartitionList *list = respond_partition_list(&respond_timed_tables[i]);
		bool		present = false;
		int			ahead = 0;
		Datum		values[3];
		bool		nulls[3] = {0};

		for (int p = 0; p < list->count; p++)
		{
			present |= list->items[p].lower <= soon && now < list->items[p].upper;
			ahead += list->items[p].lower > now;
		}
		values[0] = CStringGetTextDatum(respond_timed_tables[i].name);
		values[1] = BoolGetDatum(present);
		values[2] = Int32GetDatum(ahead);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
