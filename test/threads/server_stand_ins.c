/*-------------------------------------------------------------------------
 * server_stand_ins.c
 *	  What the transport calls of the server, for programs that run without one.
 *
 * An error ends the program: nothing in here may raise one.
 *
 * test/threads/server_stand_ins.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/fd.h"
#include "storage/ipc.h"

#include "common/guc.h"

char	   *respond_allowed_networks = "127.0.0.0/8";
char	   *respond_ca_file = "";
MemoryContext TopMemoryContext = NULL;

bool
errstart(int level, const char *domain)
{
	return true;
}

bool
errstart_cold(int level, const char *domain)
{
	return true;
}

int
errmsg(const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	return 0;
}

int
errdetail(const char *format,...)
{
	return 0;
}

int
errcode(int code)
{
	return 0;
}

int
errcode_for_file_access(void)
{
	return 0;
}

void
errfinish(const char *file, int line, const char *function)
{
	fprintf(stderr, " (%s:%d)\n", file, line);
	abort();
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return malloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return calloc(1, size);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	return malloc(size);
}

void
MemoryContextRegisterResetCallback(MemoryContext context, MemoryContextCallback *callback)
{
}

void
pfree(void *pointer)
{
	free(pointer);
}

bool
AcquireExternalFD(void)
{
	return true;
}

void
on_proc_exit(pg_on_exit_callback callback, Datum argument)
{
}
