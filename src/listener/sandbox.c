/*-------------------------------------------------------------------------
 * sandbox.c
 *	  Rights that the program gives up.
 *
 * src/listener/sandbox.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE 1
#include "listener/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Of other machines we do not know the numbers of calls; there, the other walls
 * have to do.  And a sanitizer reads files when it has something to say.
 */
#if defined(__SANITIZE_ADDRESS__)
#elif defined(__x86_64__)
#define OUR_ARCHITECTURE	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE	AUDIT_ARCH_AARCH64
#endif

static void
set_limit(int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return;
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
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

#ifdef OUR_ARCHITECTURE

/* What the loop, the sockets, memory and the clock need; all else fails with EPERM. */
static const int allowed[] = {
	SYS_accept4, SYS_bind, SYS_brk, SYS_clock_gettime, SYS_clock_nanosleep, SYS_close, SYS_epoll_ctl,
	SYS_epoll_pwait, SYS_exit, SYS_exit_group, SYS_fcntl, SYS_futex, SYS_geteuid, SYS_getpid, SYS_getrandom,
	SYS_getsockname, SYS_getsockopt, SYS_gettid, SYS_gettimeofday, SYS_listen, SYS_madvise, SYS_mremap, SYS_munmap,
	SYS_nanosleep, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_restart_syscall, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_yield, SYS_setsockopt, SYS_shutdown, SYS_sysinfo, SYS_umask,
	SYS_write, SYS_writev,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_time
	SYS_time,
#endif
};

/* Calls that are allowed unless an argument has one of these bits. */
static const struct
{
	int			call;
	int			argument;
	unsigned int forbidden;
}			restricted[] =
{
	{SYS_mmap, 2, PROT_EXEC},
	{SYS_mprotect, 2, PROT_EXEC},

	/* It would connect. */
	{SYS_sendto, 3, MSG_FASTOPEN},
	{SYS_sendmsg, 2, MSG_FASTOPEN},
};

#define lengthof(array)		(sizeof(array) / sizeof((array)[0]))
#define PROGRAM_LENGTH		(20 + 2 * lengthof(allowed) + 5 * lengthof(restricted))

static size_t
add(struct sock_filter *program, size_t at, struct sock_filter statement)
{
	program[at] = statement;
	return at + 1;
}

static size_t
add_load(struct sock_filter *program, size_t at, size_t offset)
{
	return add(program, at, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static size_t
add_return(struct sock_filter *program, size_t at, unsigned int value)
{
	return add(program, at, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value));
}

/* Goes on with the next statement if the value is so, else skips some. */
static size_t
add_if(struct sock_filter *program, size_t at, unsigned int how, unsigned int value, int skipped)
{
	return add(program, at, (struct sock_filter) BPF_JUMP(BPF_JMP | how | BPF_K, value, 0, skipped));
}

/* The low half of an argument; both machines that we know have it first. */
static size_t
argument_offset(int argument)
{
	return offsetof(struct seccomp_data, args) + sizeof(__u64) * argument;
}

/* Only stream sockets: others could send to anybody without being connected. */
static size_t
add_socket(struct sock_filter *program, size_t at)
{
	at = add_if(program, at, BPF_JEQ, SYS_socket, 5);
	at = add_load(program, at, argument_offset(1));
	at = add(program, at, (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf));
	at = add_if(program, at, BPF_JEQ, SOCK_STREAM, 1);
	at = add_return(program, at, SECCOMP_RET_ALLOW);
	return add_return(program, at, SECCOMP_RET_ERRNO | EPERM);
}

/* abort() sends a signal to ourselves. */
static size_t
add_abort(struct sock_filter *program, size_t at)
{
	at = add_if(program, at, BPF_JEQ, SYS_tgkill, 4);
	at = add_load(program, at, argument_offset(0));
	at = add_if(program, at, BPF_JEQ, getpid(), 1);
	at = add_return(program, at, SECCOMP_RET_ALLOW);
	return add_return(program, at, SECCOMP_RET_ERRNO | EPERM);
}

static void
filter_calls(void)
{
	struct sock_filter statements[PROGRAM_LENGTH];
	struct sock_fprog program = {.filter = statements};
	size_t		at = 0;

	at = add_load(statements, at, offsetof(struct seccomp_data, arch));
	at = add(statements, at, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0));
	at = add_return(statements, at, SECCOMP_RET_KILL_PROCESS);
	at = add_load(statements, at, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < lengthof(allowed); i++)
	{
		at = add_if(statements, at, BPF_JEQ, allowed[i], 1);
		at = add_return(statements, at, SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < lengthof(restricted); i++)
	{
		at = add_if(statements, at, BPF_JEQ, restricted[i].call, 4);
		at = add_load(statements, at, argument_offset(restricted[i].argument));
		at = add_if(statements, at, BPF_JSET, restricted[i].forbidden, 1);
		at = add_return(statements, at, SECCOMP_RET_ERRNO | EPERM);
		at = add_return(statements, at, SECCOMP_RET_ALLOW);
	}
	at = add_socket(statements, at);
	at = add_abort(statements, at);
	program.len = add_return(statements, at, SECCOMP_RET_ERRNO | EPERM);
	(void) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#endif

void
respond_sandbox_seal(void)
{
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_FSIZE, 0);
#ifdef OUR_ARCHITECTURE
	filter_calls();
#endif
}
