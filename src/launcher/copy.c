/*-------------------------------------------------------------------------
 * copy.c
 *	  Whether this data directory is a physical copy of another one.
 *
 * A copy of the files has the identifier of its original, its databases and
 * their incarnations.  What tells it is how it came here: with a backup_label,
 * with a recovery.signal, or with a global/pg_control that is another file than
 * the one noted in our own file beside it.  The server writes pg_control in
 * place, and so do pg_resetwal, pg_rewind and pg_checksums; only a copy is a
 * new file.  The time of birth of a file cannot be set by anybody and is what
 * counts where the file system has one; numbers of inodes are given out again,
 * and some file systems make them up anew.
 *
 * A copy gets a mark, a random number.  The clock of each database compares it
 * with the one in respond_internal.state and lets the workers hold when it is
 * new there (upkeep/state.c), before any of them acts.  So nothing has to be
 * cleared, and a database that gets its clock a year later holds all the same.
 *
 * A standby has the files of its primary too, but its promotion is a failover
 * that must go on by itself, now and after each restart: whoever starts as a
 * standby has no mark from then on.
 *
 * src/launcher/copy.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "launcher/copy.h"

PG_FUNCTION_INFO_V1(respond_copy_mark);

#define CONTROL_FILE		"global/pg_control"
#define IDENTITY_FILE		"pg_respond.identity"
#define IDENTITY_FILE_NEW	IDENTITY_FILE ".new"

/* As text in one line, after the number of the form. */
#define IDENTITY_FORM		1
#define IDENTITY_WRITE		"%d " UINT64_FORMAT " " UINT64_FORMAT " " UINT64_FORMAT " " INT64_FORMAT "\n"
#define IDENTITY_READ		"%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64
#define IDENTITY_FIELDS		5

typedef struct Identity
{
	uint64		system_identifier;
	uint64		inode;			/* of pg_control */
	uint64		born;			/* nanoseconds since 1970, 0: the file system does not say */
	int64		copy;			/* mark of this copy, 0: it is none */
} Identity;

/* In the postmaster, which looks once; a crash of its children makes no copy. */
static bool looked = false;
static int64 mark;

static shmem_startup_hook_type previous_startup_hook = NULL;

/* False with errno set if it cannot be read. */
static bool
look_at_control_file(Identity *identity)
{
	struct stat status;

#ifdef STATX_BTIME
	struct statx extended;

	if (statx(AT_FDCWD, CONTROL_FILE, 0, STATX_INO | STATX_BTIME, &extended) == 0)
	{
		identity->inode = extended.stx_ino;
		if ((extended.stx_mask & STATX_BTIME) != 0)
			identity->born = (uint64) extended.stx_btime.tv_sec * UINT64CONST(1000000000) + extended.stx_btime.tv_nsec;
		return true;
	}
#endif
	if (stat(CONTROL_FILE, &status) != 0)
		return false;
	identity->inode = (uint64) status.st_ino;
	return true;
}

static bool
read_identity(Identity *identity)
{
	FILE	   *file = AllocateFile(IDENTITY_FILE, PG_BINARY_R);
	int			form;
	bool		complete;

	if (file == NULL)
	{
		if (errno != ENOENT)
			ereport(WARNING,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", IDENTITY_FILE)));
		return false;
	}
	complete = fscanf(file, IDENTITY_READ, &form, &identity->system_identifier, &identity->inode,
					  &identity->born, &identity->copy) == IDENTITY_FIELDS && form == IDENTITY_FORM;
	FreeFile(file);
	if (!complete)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("file \"%s\" is damaged and is rewritten", IDENTITY_FILE)));
	return complete;
}

/* A server that cannot write here fails soon after us, in words of its own. */
static void
write_identity(const Identity *identity)
{
	char		text[128];
	int			length = snprintf(text, sizeof(text), IDENTITY_WRITE, IDENTITY_FORM, identity->system_identifier,
								  identity->inode, identity->born, identity->copy);
	int			file = BasicOpenFile(IDENTITY_FILE_NEW, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);
	bool		written = false;

	if (file >= 0)
	{
		errno = 0;
		written = write(file, text, length) == length && pg_fsync(file) == 0;
		if (!written && errno == 0)
			errno = ENOSPC;
		close(file);
	}
	if (!written)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", IDENTITY_FILE_NEW)));
	else
		(void) durable_rename(IDENTITY_FILE_NEW, IDENTITY_FILE, WARNING);
}

static bool
is_same_file(const Identity *one, const Identity *other)
{
	if (one->born != 0 && other->born != 0)
		return one->born == other->born;
	return one->inode == other->inode;
}

static bool
exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0;
}

/* Why this is a copy, in words; NULL if it is none.  kept: what the file says, NULL without it. */
static const char *
find_copy(const Identity *kept, const Identity *now)
{
	if (exists(BACKUP_LABEL_FILE))
		return "It was restored from a base backup.";
	if (exists(RECOVERY_SIGNAL_FILE))
		return "It is recovered from an archive.";
	if (kept != NULL && !is_same_file(kept, now))
		return "Its files were copied from elsewhere.";
	return NULL;
}

static int64
new_mark(void)
{
	int64		number = 0;

	while (number == 0)
	{
		if (!pg_strong_random(&number, sizeof(number)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random number")));
	}
	return number;
}

static void
look(void)
{
	Identity	now = {.system_identifier = GetSystemIdentifier()};
	Identity	file = {0};
	const Identity *kept = NULL;
	const char *why = NULL;

	if (!look_at_control_file(&now))
	{
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", CONTROL_FILE)));
		return;
	}
	if (read_identity(&file) && file.system_identifier == now.system_identifier)
		kept = &file;

	if (!exists(STANDBY_SIGNAL_FILE))
	{
		why = respond_hold_on_copy ? find_copy(kept, &now) : NULL;
		now.copy = why != NULL ? new_mark() : kept != NULL ? kept->copy : 0;
	}
	if (why != NULL)
		ereport(LOG,
				(errmsg("pg_respond takes this cluster for a copy of another one"),
				 errdetail("%s", why),
				 errhint("Its workers are paused in each database until respond.release() is called there.  \"%s\" ="
						 " off turns this off.",
						 "pg_respond.hold_on_copy")));
	if (kept == NULL || memcmp(kept, &now, sizeof(Identity)) != 0)
		write_identity(&now);
	mark = now.copy;
}

static void
startup(void)
{
	if (previous_startup_hook)
		previous_startup_hook();
	if (IsUnderPostmaster)
		return;
	if (!looked)
		look();
	looked = true;
	respond_shared->copy_mark = mark;
}

void
respond_copy_initialize(void)
{
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup;
}

/* copy_mark() → bigint: 0 when this cluster is no copy, or began as a standby. */
Datum
respond_copy_mark(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(respond_shared->copy_mark);
}
