/*-------------------------------------------------------------------------
 * program.c
 *	  A program beside the server that a background worker keeps running.
 *
 * A fork of a background worker has the server's shared memory and files until
 * it becomes the program; in between it only calls what a signal handler may
 * call.  The system kills it when the worker ends.
 *
 * The end of a child comes as a signal, which sets the latch.  A program that
 * ends is started again at once the first time, so that those it serves hardly
 * notice; one that ends soon after each start has to wait, twice as long each time.
 *
 * src/companion/program.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

#include "common/pg_compat.h"
#include "companion/program.h"
#include "companion/protocol.h"
#include "worker/back_off.h"

#define FIRST_DELAY_MS		100
#define LONGEST_DELAY_MS	10000
#define GOOD_RUN_MS			10000

/* Between the end of control and that of the program. */
#define CLOSED_LIMIT_MS		1000

#define STOP_STEP_US		5000
#define STOP_STEPS			200

/* Where descriptors for the program are kept from those that it will have. */
#define FIRST_FREE_FD		16

static Program *kept = NULL;	/* of this process */

static void
note_child(SIGNAL_ARGS)
{
	int			save_errno = errno;

	SetLatch(MyLatch);
	errno = save_errno;
}

static void
forget_process(Program *program)
{
	respond_frame_socket_close(&program->control);
	if (program->words_fd >= 0)
		close(program->words_fd);
	program->words_fd = -1;
	program->pid = 0;
	program->closed_at = 0;
}

/* Whether it has ended, and its status. */
static bool
has_ended(const Program *program, int *status)
{
	pid_t		ended = waitpid(program->pid, status, WNOHANG);

	/* nobody else can have buried our child; but what the system does not know is none */
	if (ended < 0 && errno == ECHILD)
	{
		*status = 0;
		return true;
	}
	return ended == program->pid;
}

void
respond_program_stop(Program *program)
{
	int			status;
	int			step = 0;

	if (program->pid == 0)
		return;
	respond_frame_socket_close(&program->control);
	for (; step < STOP_STEPS && !has_ended(program, &status); step++)
	{
		if (step == STOP_STEPS / 2)
			kill(program->pid, SIGKILL);
		pg_usleep(STOP_STEP_US);
	}
	if (step == STOP_STEPS)
		ereport(LOG, (errmsg("pg_respond program \"%s\" does not end; it is process %d", program->name, program->pid)));
	forget_process(program);
}

/* The system would kill the program too, but only once the process of the worker is gone. */
static void
end_with_worker(int code, Datum argument)
{
	respond_program_stop(kept);
}

void
respond_program_initialize(Program *program, const char *name, int extra_fd)
{
	memset(program, 0, sizeof(*program));
	program->name = name;
	program->extra_fd = extra_fd;
	program->control.fd = -1;
	program->words_fd = -1;
	kept = program;
	pqsignal(SIGCHLD, note_child);
	before_shmem_exit(end_with_worker, (Datum) 0);
}

/*
 * In the child: descriptors as the program shall find them.  They come from
 * above FIRST_FREE_FD, so that none takes the place of another.
 */
static bool
arrange_descriptors(int nothing, int words, int control, int extra)
{
	if (dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(words, 2) < 0 ||
		dup2(control, PROTOCOL_CONTROL_FD) < 0)
		return false;
	if (extra >= 0 && dup2(extra, PROTOCOL_LISTEN_FD) < 0)
		return false;
	return close_range(extra >= 0 ? PROTOCOL_LISTEN_FD + 1 : PROTOCOL_CONTROL_FD + 1, ~0U, 0) == 0;
}

/* In the child: says what failed, where the worker finds it, and ends. */
pg_noreturn static void
fail_to_run(const char *what)
{
	const char *why = strerrordesc_np(errno);

	if (why == NULL)
		why = "unknown error";
	if (write(2, what, strlen(what)) < 0 || write(2, ": ", 2) < 0 || write(2, why, strlen(why)) < 0)
		_exit(126);
	_exit(127);
}

/* In the child: becomes the program. */
pg_noreturn static void
become(const char *path, const char *name, pid_t parent, int nothing, int words, int control, int extra)
{
	char	   *arguments[] = {unconstify(char *, name), NULL};
	char	   *environment[] = {NULL};
	sigset_t	none;

	/* handlers of the server go with its code, but what it ignores or holds back would stay so */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	if (!arrange_descriptors(nothing, words, control, extra))
		fail_to_run("could not arrange descriptors");
	/* a worker that ended before this call would not be noticed */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		fail_to_run("the worker is gone");
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path, arguments, environment);
	fail_to_run("could not execute it");
}

/* A copy of the descriptor out of the way of the program's own; the old one is closed. */
static int
move_up(int fd)
{
	int			copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	if (fd >= 0)
		close(fd);
	return copy;
}

static void
close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* What belongs to one start; the worker's ends and the program's. */
typedef struct Descriptors
{
	int			control[2];
	int			words[2];
	int			nothing;
	int			extra;			/* a copy */
} Descriptors;

static void
close_descriptors(const Descriptors *all)
{
	close_all(all->control, 2);
	close_all(all->words, 2);
	close_all(&all->nothing, 1);
	close_all(&all->extra, 1);
}

static bool
open_descriptors(const Program *program, Descriptors *all)
{
	int			pair[2] = {-1, -1};
	int			pipe_ends[2] = {-1, -1};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
	{
		close_all(pair, 2);
		return false;
	}
	for (int i = 0; i < 2; i++)
	{
		all->control[i] = move_up(pair[i]);
		all->words[i] = move_up(pipe_ends[i]);
	}
	all->nothing = move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
	all->extra = program->extra_fd >= 0 ? fcntl(program->extra_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD) : -1;
	if (all->control[0] >= 0 && all->control[1] >= 0 && all->words[0] >= 0 && all->words[1] >= 0 &&
		all->nothing >= 0 && (all->extra >= 0 || program->extra_fd < 0))
		return true;
	close_descriptors(all);
	return false;
}

/* Starts the process; 0: the system could not. */
static pid_t
start_process(Program *program, const char *path)
{
	Descriptors all;
	pid_t		parent = getpid();
	pid_t		child;
	sigset_t	everything;
	sigset_t	before;

	if (!open_descriptors(program, &all))
		return 0;
	if (!respond_frame_socket_open(&program->control, all.control[0]))
	{
		close_descriptors(&all);
		return 0;
	}
	/* no handler of the server runs in the child */
	sigfillset(&everything);
	sigprocmask(SIG_SETMASK, &everything, &before);
	child = fork();
	if (child == 0)
		become(path, program->name, parent, all.nothing, all.words[1], all.control[1], all.extra);
	sigprocmask(SIG_SETMASK, &before, NULL);
	program->words_fd = all.words[0];
	all.control[0] = all.words[0] = -1;
	close_descriptors(&all);
	if (child > 0)
		return child;
	forget_process(program);
	return 0;
}

static void
wait_before_next_start(Program *program, TimestampTz now)
{
	/* the first one in a row is made good at once */
	program->start_after = program->failures == 0 ? now :
		TimestampTzPlusMilliseconds(now, respond_back_off(FIRST_DELAY_MS, LONGEST_DELAY_MS, program->failures - 1));
	program->failures++;
}

static bool
start(Program *program)
{
	char		path[MAXPGPATH];
	TimestampTz now = GetCurrentTimestamp();
	pid_t		child;

	snprintf(path, sizeof(path), "%s/%s", pkglib_path, program->name);
	program->fault = NULL;
	child = start_process(program, path);
	if (child == 0)
	{
		ereport(LOG,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("pg_respond could not start program \"%s\": %m", program->name),
				 errdetail("This is retried.")));
		wait_before_next_start(program, now);
		return false;
	}
	program->pid = child;
	program->started_at = now;
	return true;
}

/* What the program last said to its descriptor 2, as one line of ASCII. */
static void
read_last_words(const Program *program, char *words)
{
	ssize_t		count = read(program->words_fd, words, PROGRAM_LAST_WORDS);
	int			length = 0;

	for (ssize_t i = 0; i < count; i++)
		if (words[i] >= ' ' && words[i] < 0x7f)
			words[length++] = words[i];
		else if (length > 0 && words[length - 1] != ' ')
			words[length++] = ' ';
	while (length > 0 && words[length - 1] == ' ')
		length--;
	words[length] = '\0';
}

static void
report_end(Program *program, int status)
{
	char		words[PROGRAM_LAST_WORDS + 1];
	char	   *how = wait_result_to_str(status);

	read_last_words(program, words);
	if (program->fault != NULL)
		strlcpy(program->end, program->fault, sizeof(program->end));
	else
		snprintf(program->end, sizeof(program->end), "%s%s%.150s", how, words[0] == '\0' ? "" : ": ", words);
	pfree(how);
	if (program->fault != NULL)
		ereport(LOG,
				(errmsg("pg_respond ended program \"%s\", which is started again", program->name),
				 errdetail("%s  It was process %d.", program->fault, program->pid)));
	else
		ereport(LOG,
				(errmsg("pg_respond program \"%s\" ended and is started again: %s", program->name, program->end),
				 errdetail("It was process %d.", program->pid)));
}

static void
bury_if_ended(Program *program)
{
	TimestampTz now = GetCurrentTimestamp();
	int			status;

	if (program->pid == 0 || !has_ended(program, &status))
		return;
	report_end(program, status);
	forget_process(program);
	if (TimestampDifferenceExceeds(program->started_at, now, GOOD_RUN_MS))
		program->failures = 0;
	wait_before_next_start(program, now);
}

void
respond_program_give_up(Program *program, const char *why)
{
	if (program->pid == 0 || program->fault != NULL)
		return;
	program->fault = why;
	program->closed_at = 0;
	kill(program->pid, SIGKILL);
	respond_frame_socket_close(&program->control);
}

void
respond_program_closed(Program *program)
{
	respond_frame_socket_close(&program->control);
	program->closed_at = GetCurrentTimestamp();
}

bool
respond_program_keep(Program *program)
{
	bury_if_ended(program);
	if (program->closed_at != 0 &&
		TimestampDifferenceExceeds(program->closed_at, GetCurrentTimestamp(), CLOSED_LIMIT_MS))
		respond_program_give_up(program, "It closed the connection to its worker.");
	return program->pid == 0 && GetCurrentTimestamp() >= program->start_after && start(program);
}

long
respond_program_next_due(const Program *program)
{
	TimestampTz due = program->pid == 0 ? program->start_after :
		program->closed_at == 0 ? 0 : TimestampTzPlusMilliseconds(program->closed_at, CLOSED_LIMIT_MS + 1);

	return due == 0 ? -1 : Max(0, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due));
}
