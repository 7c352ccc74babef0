/*-------------------------------------------------------------------------
 * memory_limit.c
 *	  How much memory of its own a worker that runs rules may have.
 *
 * The SQL of a rule may build whatever it likes: one text has a gigabyte at
 * most, but there may be many.  When the machine has no more, the kernel kills
 * some process of the server, and the server ends every session of the cluster.
 * So the worker asks the kernel to refuse it memory before that: then malloc
 * fails, the server raises an ordinary error, and the rule has failed.
 *
 * RLIMIT_DATA counts what is private and writable, on Linux since 4.7 also what
 * malloc gets by mmap; shared memory does not count.  The soft limit can be
 * raised again, so a reload takes effect.
 *
 * src/common/memory_limit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/resource.h>

#include "common/guc.h"
#include "common/memory_limit.h"

static bool applies = false;

void
respond_memory_limit_apply(void)
{
	struct rlimit limit;
	rlim_t		wanted = respond_rule_memory > 0 ? (rlim_t) respond_rule_memory * 1024 * 1024 : RLIM_INFINITY;

	if (getrlimit(RLIMIT_DATA, &limit) != 0)
		return;
	if (limit.rlim_max != RLIM_INFINITY && (wanted == RLIM_INFINITY || wanted > limit.rlim_max))
		wanted = limit.rlim_max;
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_DATA, &limit) != 0)
		ereport(WARNING,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not limit the memory of this process: %m")));
	else
		applies = respond_rule_memory > 0;
}

bool
respond_memory_limit_applies(void)
{
	return applies;
}
