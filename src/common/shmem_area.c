/*-------------------------------------------------------------------------
 * shmem_area.c
 *	  Shared memory of one file, beside that which all share (common/shmem.h).
 *
 * src/common/shmem_area.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "common/shmem_area.h"

#define MAX_AREAS		8

static const ShmemArea *areas[MAX_AREAS];
static int	area_count = 0;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void
request_areas(void)
{
	if (previous_request_hook)
		previous_request_hook();
	for (int i = 0; i < area_count; i++)
	{
		RequestAddinShmemSpace(MAXALIGN(areas[i]->size));
		if (areas[i]->tranche != NULL)
			RequestNamedLWLockTranche(areas[i]->tranche, 1);
	}
}

static void
create_area(const ShmemArea *area)
{
	bool		found;

	*area->memory = ShmemInitStruct(area->name, area->size, &found);
	if (found)
		return;
	memset(*area->memory, 0, area->size);
	area->fill(area, area->tranche != NULL ? &GetNamedLWLockTranche(area->tranche)->lock : NULL);
}

static void
create_areas(void)
{
	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (int i = 0; i < area_count; i++)
		create_area(areas[i]);
	LWLockRelease(AddinShmemInitLock);
}

void
respond_shmem_area_request(const ShmemArea *area)
{
	if (area_count == 0)
	{
		previous_request_hook = shmem_request_hook;
		shmem_request_hook = request_areas;
		previous_startup_hook = shmem_startup_hook;
		shmem_startup_hook = create_areas;
	}
	if (area_count == MAX_AREAS)
		elog(ERROR, "pg_respond asks for more than %d areas of shared memory", MAX_AREAS);
	areas[area_count++] = area;
}
