/*-------------------------------------------------------------------------
 * key_file.c
 *	  Keys that secrets are encrypted with, read from a file when needed.
 *
 * The file is named by pg_respond.secret_key_file.  Each line is a key, 32 bytes
 * as 64 hex digits or in base64; empty lines and those that begin with # do not
 * count.  The first key encrypts, all of them decrypt: one rotates by putting a
 * new key on top, calling respond.rotate_secrets() and taking the old one out.
 *
 * The file must not be in the data directory, or each base backup would hold
 * the keys beside what they lock, and nobody but the server's user may read it.
 * The name is resolved first and the resolved file is opened, so what was
 * checked is what is read.
 *
 * It is read whenever a key is needed, not kept: keys are in the memory of the
 * process that needs one for as long as it does, a new file is used at once,
 * and a backend that touches no secret never has a key to lose.
 *
 * src/secret/key_file.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "common/base64.h"
#include "miscadmin.h"

#include "common/guc.h"
#include "common/pg_compat.h"
#include "secret/key_file.h"

#define MAX_FILE_SIZE	8192

/* Why the file cannot be used.  Kept apart from the texts: no palloc while keys are in memory. */
typedef enum Fault
{
	FAULT_NONE,
	FAULT_NO_SETTING,
	FAULT_NOT_ABSOLUTE,
	FAULT_CANNOT_OPEN,			/* errno */
	FAULT_IN_DATA_DIRECTORY,
	FAULT_NOT_REGULAR,
	FAULT_OWNER,
	FAULT_ACCESS,
	FAULT_TOO_LARGE,
	FAULT_CANNOT_READ,			/* errno */
	FAULT_LINE,					/* line */
	FAULT_TOO_MANY,
	FAULT_NO_KEY,
	FAULT_LIBRARY
} Fault;

typedef struct FaultDetail
{
	Fault		fault;
	int			error;
	int			line;
} FaultDetail;

void
respond_secret_keys_wipe(SecretKeys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

const uint8_t *
respond_secret_keys_find(const SecretKeys *keys, const uint8_t *id)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (memcmp(keys->ids[i], id, RESPOND_SEAL_KEY_ID_SIZE) == 0)
			return keys->keys[i];
	}
	return NULL;
}

static FaultDetail
fault(Fault which)
{
	FaultDetail detail = {which, errno, 0};

	return detail;
}

static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static bool
parse_key(const char *text, int length, uint8_t *key)
{
	if (length == 2 * RESPOND_SEAL_KEY_SIZE)
	{
		for (int i = 0; i < RESPOND_SEAL_KEY_SIZE; i++)
		{
			int			high = hex_value(text[2 * i]);
			int			low = hex_value(text[2 * i + 1]);

			if (high < 0 || low < 0)
				return false;
			key[i] = high << 4 | low;
		}
		return true;
	}
	/* an exact length also keeps out the white space that the decoder skips */
	return length == (RESPOND_SEAL_KEY_SIZE + 2) / 3 * 4 &&
		respond_base64_decode(text, length, key, RESPOND_SEAL_KEY_SIZE) == RESPOND_SEAL_KEY_SIZE;
}

static FaultDetail
parse_keys(char *text, SecretKeys *keys)
{
	FaultDetail detail = {FAULT_NONE, 0, 0};

	for (char *line = text; *line != '\0';)
	{
		int			length = strcspn(line, "\n");
		char	   *next = line + length + (line[length] == '\n');
		char	   *end = line + length;

		detail.line++;
		while (line < end && strchr(" \t\r", *line) != NULL)
			line++;
		while (end > line && strchr(" \t\r", end[-1]) != NULL)
			end--;
		if (line < end && *line != '#')
		{
			if (keys->count == RESPOND_MAX_SECRET_KEYS)
				detail.fault = FAULT_TOO_MANY;
			else if (!parse_key(line, end - line, keys->keys[keys->count]))
				detail.fault = FAULT_LINE;
			else if (!respond_seal_key_id(keys->keys[keys->count], keys->ids[keys->count]))
				detail.fault = FAULT_LIBRARY;
			else
				keys->count++;
			if (detail.fault != FAULT_NONE)
				return detail;
		}
		line = next;
	}
	if (keys->count == 0)
		detail.fault = FAULT_NO_KEY;
	return detail;
}

static FaultDetail
read_open_file(int fd, SecretKeys *keys)
{
	char		text[MAX_FILE_SIZE + 2];
	size_t		length = 0;
	struct stat status;
	FaultDetail detail;

	if (fstat(fd, &status) != 0)
		return fault(FAULT_CANNOT_READ);
	if (!S_ISREG(status.st_mode))
		return fault(FAULT_NOT_REGULAR);

	/* As the server does for the keys of its certificates: root's may be shared with a group. */
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return fault(FAULT_OWNER);
	if ((status.st_mode & (status.st_uid == geteuid() ? S_IRWXG | S_IRWXO : S_IWGRP | S_IXGRP | S_IRWXO)) != 0)
		return fault(FAULT_ACCESS);

	for (;;)
	{
		ssize_t		got = read(fd, text + length, MAX_FILE_SIZE + 1 - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
		{
			detail = fault(FAULT_CANNOT_READ);
			break;
		}
		length += got;
		if (length > MAX_FILE_SIZE)
		{
			detail = fault(FAULT_TOO_LARGE);
			break;
		}
		if (got == 0)
		{
			text[length] = '\0';
			/* a zero byte would end the text early, and hide keys */
			detail = strlen(text) == length ? parse_keys(text, keys) : fault(FAULT_NO_KEY);
			break;
		}
	}
	OPENSSL_cleanse(text, sizeof(text));
	return detail;
}

static bool
is_in_data_directory(const char *path)
{
	char		directory[PATH_MAX];
	size_t		length;

	/* cannot happen while the server runs in it; if it does, trust nothing */
	if (DataDir == NULL || realpath(DataDir, directory) == NULL)
		return true;
	length = strlen(directory);
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* Raises nothing, so that no key stays behind; but may leave some in *keys. */
static FaultDetail
read_keys(SecretKeys *keys)
{
	char		path[PATH_MAX];
	FaultDetail detail;
	int			fd;

	memset(keys, 0, sizeof(*keys));
	if (respond_secret_key_file == NULL || respond_secret_key_file[0] == '\0')
		return fault(FAULT_NO_SETTING);
	if (!is_absolute_path(respond_secret_key_file))
		return fault(FAULT_NOT_ABSOLUTE);
	if (realpath(respond_secret_key_file, path) == NULL)
		return fault(FAULT_CANNOT_OPEN);
	if (is_in_data_directory(path))
		return fault(FAULT_IN_DATA_DIRECTORY);

	/* O_NONBLOCK: a pipe that nobody writes to would hang us */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fault(FAULT_CANNOT_OPEN);
	detail = read_open_file(fd, keys);
	close(fd);
	return detail;
}

/* What is wrong with the file; never anything of what is in it. */
static char *
describe(FaultDetail detail)
{
	const char *file = respond_secret_key_file;

	switch (detail.fault)
	{
		case FAULT_NONE:
			break;
		case FAULT_NO_SETTING:
			return pstrdup("no key for secrets is configured");
		case FAULT_NOT_ABSOLUTE:
			return psprintf("secret key file \"%s\" is not an absolute path", file);
		case FAULT_CANNOT_OPEN:
			return psprintf("could not open secret key file \"%s\": %s", file, strerror(detail.error));
		case FAULT_IN_DATA_DIRECTORY:
			return psprintf("secret key file \"%s\" is in the data directory", file);
		case FAULT_NOT_REGULAR:
			return psprintf("secret key file \"%s\" is not a regular file", file);
		case FAULT_OWNER:
			return psprintf("secret key file \"%s\" belongs to neither the server's user nor root", file);
		case FAULT_ACCESS:
			return psprintf("secret key file \"%s\" has group or world access", file);
		case FAULT_TOO_LARGE:
			return psprintf("secret key file \"%s\" is larger than %d bytes", file, MAX_FILE_SIZE);
		case FAULT_CANNOT_READ:
			return psprintf("could not read secret key file \"%s\": %s", file, strerror(detail.error));
		case FAULT_LINE:
			return psprintf("line %d of secret key file \"%s\" is not a key", detail.line, file);
		case FAULT_TOO_MANY:
			return psprintf("secret key file \"%s\" holds more than %d keys", file, RESPOND_MAX_SECRET_KEYS);
		case FAULT_NO_KEY:
			return psprintf("secret key file \"%s\" holds no key", file);
		case FAULT_LIBRARY:
			return pstrdup("could not compute the id of a secret key");
	}
	return pstrdup("secret keys can be used");
}

/* What to do about it: a full sentence, with the commands where they help. */
static const char *
remedy(FaultDetail detail)
{
	const char *file = respond_secret_key_file;

	switch (detail.fault)
	{
		case FAULT_NO_SETTING:
			return "Make a key with \"openssl rand -hex 32 > /etc/postgresql/respond.key; "
				"chown postgres: /etc/postgresql/respond.key; chmod 600 /etc/postgresql/respond.key\", then run "
				"ALTER SYSTEM SET pg_respond.secret_key_file = '/etc/postgresql/respond.key'; SELECT pg_reload_conf();";
		case FAULT_NOT_ABSOLUTE:
			return "Set \"pg_respond.secret_key_file\" to a path that begins with \"/\".";
		case FAULT_CANNOT_OPEN:
			return "The server's user needs read access to the file named by \"pg_respond.secret_key_file\" and to"
				" the directories above it.";
		case FAULT_IN_DATA_DIRECTORY:
			return "Move it elsewhere, for example to /etc/postgresql, and set \"pg_respond.secret_key_file\" anew: "
				"backups of the data directory must not hold the key to the secrets in them.";
		case FAULT_NOT_REGULAR:
			return "Set \"pg_respond.secret_key_file\" to a plain file.";
		case FAULT_OWNER:
			return psprintf("Run \"chown postgres: %s\" with the name of the server's user.", file);
		case FAULT_ACCESS:
			return psprintf("Run \"chmod 600 %s\", or \"chmod 640 %s\" if it belongs to root.", file, file);
		case FAULT_LINE:
		case FAULT_NO_KEY:
			return "Each line is a key, 64 hex digits or 32 bytes in base64, as \"openssl rand -hex 32\" prints one; "
				"empty lines and those that begin with # do not count.";
		case FAULT_TOO_LARGE:
		case FAULT_TOO_MANY:
			return "Run SELECT respond.rotate_secrets() and take out all keys but the first.";
		default:
			return "The server log may say more.";
	}
}

void
respond_secret_keys_load(SecretKeys *keys)
{
	FaultDetail detail = read_keys(keys);

	if (detail.fault == FAULT_NONE)
		return;
	respond_secret_keys_wipe(keys);
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg_internal("%s", describe(detail)),
			 errhint("%s", remedy(detail)),
			 /* the statement may hold the secret that the key was wanted for */
			 errhidestmt(true)));
}

char *
respond_secret_key_status(void)
{
	SecretKeys	keys;
	FaultDetail detail = read_keys(&keys);

	respond_secret_keys_wipe(&keys);
	return detail.fault == FAULT_NONE ? NULL : describe(detail);
}
