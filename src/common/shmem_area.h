/*-------------------------------------------------------------------------
 * shmem_area.h
 *	  Shared memory of one file, beside that which all share (common/shmem.h).
 *
 * src/common/shmem_area.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SHMEM_AREA_H
#define RESPOND_SHMEM_AREA_H

#include "storage/lwlock.h"

typedef struct ShmemArea
{
	const char *name;
	Size		size;
	const char *tranche;		/* of its lock; NULL: it needs none */
	void		(*fill) (const struct ShmemArea *area, LWLock *lock);	/* once; the memory is zeroed */
	void	  **memory;			/* out: where it is, in each process */
} ShmemArea;

/* Asks the server for it; at load.  The area is kept. */
extern void respond_shmem_area_request(const ShmemArea *area);

#endif							/* RESPOND_SHMEM_AREA_H */
