/*-------------------------------------------------------------------------
 * sandbox.c
 *	  Rights that the program gives up.
 *
 * src/listener/sandbox.c
 *-------------------------------------------------------------------------
 */
#include "listener/sandbox.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void
set_limit(int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return;
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	if (resource != RLIMIT_NOFILE)
		limit.rlim_max = limit.rlim_cur;
	(void) setrlimit(resource, &limit);
}

bool
respond_sandbox_begin(void)
{
	pid_t		parent = getppid();

	clearenv();
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, RLIM_INFINITY);

	/* Who started us may have died before we asked to be told. */
	return getppid() == parent && parent != 1;
}

void
respond_sandbox_seal(void)
{
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_FSIZE, 0);
}
