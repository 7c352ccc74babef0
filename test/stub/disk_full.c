/*-------------------------------------------------------------------------
 * disk_full.c
 *	  A disk that is full for some files, to be preloaded by a server.
 *
 * While the file that FULL_FILES names exists, files whose names are words of it
 * do not grow: the write that would make them fails with ENOSPC.
 *
 * test/stub/disk_full.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_named(const char *name)
{
	const char *list = getenv("FULL_FILES");
	FILE	   *file = list != NULL ? fopen(list, "r") : NULL;
	char		word[64];
	bool		found = false;

	while (file != NULL && !found && fscanf(file, "%63s", word) == 1)
		found = strcmp(word, name) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

static bool
would_grow(int fd, off_t end)
{
	struct stat status;
	char		link[64];
	char		path[4096];
	ssize_t		length;

	if (fstat(fd, &status) != 0 || end <= status.st_size)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return false;
	path[length] = '\0';
	return strrchr(path, '/') != NULL && is_named(strrchr(path, '/') + 1);
}

/* The server may use either name; they do the same. */
ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	static ssize_t (*next) (int, const void *, size_t, off64_t) = NULL;

	if (next == NULL)
		next = (ssize_t (*) (int, const void *, size_t, off64_t)) dlsym(RTLD_NEXT, "pwrite64");
	if (would_grow(fd, offset + size))
	{
		errno = ENOSPC;
		return -1;
	}
	return next(fd, data, size, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite64(fd, data, size, offset);
}
