/*-------------------------------------------------------------------------
 * socket_files.c
 *	  Socket files, which are removed when the program has ended.
 *
 * src/listener/socket_files.c
 *-------------------------------------------------------------------------
 */
#include "listener/socket_files.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "companion/protocol.h"

/* The program has just started, and its first descriptors are few. */
#define FIRST_DESCRIPTORS	1024

typedef struct SocketFile
{
	char		path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
	dev_t		device;			/* another program may have put another file there */
	ino_t		number;
} SocketFile;

static SocketFile files[PROTOCOL_MAX_ADDRESSES];
static int	file_count;

void
respond_socket_files_note(const char *path)
{
	SocketFile *file = &files[file_count];
	struct stat status;

	if (file_count == PROTOCOL_MAX_ADDRESSES || lstat(path, &status) != 0)
		return;
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->device = status.st_dev;
	file->number = status.st_ino;
	file_count++;
}

static void
remove_files(void)
{
	for (int i = 0; i < file_count; i++)
	{
		struct stat status;

		if (lstat(files[i].path, &status) == 0 && status.st_dev == files[i].device &&
			status.st_ino == files[i].number)
			(void) unlink(files[i].path);
	}
}

/* Nobody ever writes: the end of the pipe is that of the program. */
static void
wait_for_end(int end)
{
	char		byte;

	(void) prctl(PR_SET_NAME, "socket_files");
	signal(SIGTERM, SIG_IGN);
	for (int fd = 0; fd < FIRST_DESCRIPTORS; fd++)
		if (fd != end)
			close(fd);
	while (read(end, &byte, 1) < 0 && errno == EINTR)
		;
}

void
respond_socket_files_keep(void)
{
	int			ends[2];

	if (file_count == 0 || pipe(ends) != 0)
		return;
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
	{
		wait_for_end(ends[0]);
		remove_files();
		_exit(0);
	}
	close(ends[0]);
}
