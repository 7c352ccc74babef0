/* links: src/listener/sandbox.c */
/*-------------------------------------------------------------------------
 * test_sandbox.c
 *	  What a program cannot do any more once it has given up its rights.
 *
 * test/unit/test_sandbox.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "listener/sandbox.h"

extern char **environ;

/* Each is tried in a process of its own, behind the seal; it returns whether it was refused. */
typedef struct Try
{
	const char *name;
	bool		(*refused) (void);
} Try;

static int	listening;
static struct sockaddr_in loopback = {.sin_family = AF_INET};

static bool
is_refused(long result)
{
	return result < 0 && errno == EPERM;
}

static bool
exec_refused(void)
{
	char	   *arguments[] = {"/bin/true", NULL};

	return is_refused(execve(arguments[0], arguments, arguments + 1));
}

static bool
open_refused(void)
{
	return is_refused(open("/etc/passwd", O_RDONLY)) && is_refused(open("test_sandbox.new", O_RDWR | O_CREAT, 0600)) &&
		is_refused(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY));
}

static bool
remove_refused(void)
{
	return is_refused(unlink("test_sandbox.none")) && is_refused(rename("test_sandbox.none", "test_sandbox.other")) &&
		is_refused(chmod("test_sandbox.none", 0777));
}

static bool
connect_refused(void)
{
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	int			local = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "test_sandbox.sock"};

	return fd >= 0 && is_refused(connect(fd, (struct sockaddr *) &loopback, sizeof(loopback))) &&
		is_refused(connect(local, (struct sockaddr *) &path, sizeof(path))) &&
		is_refused(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *) &loopback, sizeof(loopback)));
}

static bool
datagram_refused(void)
{
	return is_refused(socket(AF_INET, SOCK_DGRAM, 0)) && is_refused(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) &&
		is_refused(socket(AF_INET, SOCK_RAW, 0));
}

static bool
fork_refused(void)
{
	return is_refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static bool
code_refused(void)
{
	void	   *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && is_refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM;
}

static bool
others_refused(void)
{
	return is_refused(kill(getppid(), 0)) && is_refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)) &&
		is_refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)) && is_refused(chdir("/")) &&
		is_refused(syscall(SYS_tgkill, getppid(), getppid(), SIGKILL));
}

static bool
limits_hold(void)
{
	struct rlimit core;
	int			end[2];

	/* Asked before the seal: the call itself is refused behind it. */
	return is_refused(getrlimit(RLIMIT_CORE, &core)) && is_refused(pipe(end));
}

static const Try tries[] = {
	{"starting a program", exec_refused},
	{"opening files", open_refused},
	{"removing and changing files", remove_refused},
	{"connecting", connect_refused},
	{"sockets that send to anybody", datagram_refused},
	{"processes", fork_refused},
	{"memory that can be run", code_refused},
	{"other processes", others_refused},
	{"what the loop does not need", limits_hold},
};

/* What it does all day still works. */
static bool
loop_works(void)
{
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in any = {.sin_family = AF_INET};
	void	   *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *) &any, sizeof(any)) == 0 && listen(fd, 1) == 0 && memory != MAP_FAILED &&
		accept4(listening, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN;
}

/* The answer of a function in a process of its own, behind the seal. */
static bool
behind_seal(bool (*function) (void))
{
	int			status;
	pid_t		pid = fork();

	if (pid == 0)
	{
		respond_sandbox_seal();
		_exit(function() ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* abort() still ends a program, as what it was. */
static bool
aborts(void)
{
	int			status;
	pid_t		pid = fork();

	if (pid == 0)
	{
		respond_sandbox_seal();
		abort();
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int
main(void)
{
	struct rlimit core;
	bool		is_filtered = false;

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__)
	is_filtered = true;
#endif
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	listen(listening, 1);
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	loopback.sin_port = htons(1);
	check(respond_sandbox_begin(), "it begins");
	check(environ == NULL || environ[0] == NULL, "no environment is left");
	check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "no program gives more rights");
	getrlimit(RLIMIT_CORE, &core);
	check(core.rlim_max == 0, "no core is left");
	check(behind_seal(loop_works), "the loop works behind the seal");
	check(aborts(), "abort() still ends it");
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (is_filtered)
			check(behind_seal(tries[i].refused), "%s", tries[i].name);
		else
			check_skip(tries[i].name, "no calls are filtered in this build");
	return check_done();
}
