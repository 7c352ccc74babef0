/*-------------------------------------------------------------------------
 * ca_file.c
 *	  Whether the certificates that receivers are checked against can be read.
 *
 * The courier gives the name of the file to libcurl, which reads it when it
 * connects.  A file that cannot be read, or holds no certificate, would make
 * every https delivery fail with the words of a TLS library; this says so
 * before anything is sent.
 *
 * src/transport/ca_file.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "fmgr.h"
#include "storage/fd.h"
#include "utils/builtins.h"

#include "common/guc.h"

PG_FUNCTION_INFO_V1(respond_ca_file_status);

static bool
holds_certificate(FILE *file)
{
	X509	   *certificate = PEM_read_X509(file, NULL, NULL, NULL);

	ERR_clear_error();
	if (certificate == NULL)
		return false;
	X509_free(certificate);
	return true;
}

/* ca_file_status() RETURNS text: NULL when nothing is in the way. */
Datum
respond_ca_file_status(PG_FUNCTION_ARGS)
{
	FILE	   *file;
	struct stat status;
	bool		found;

	if (respond_ca_file == NULL || respond_ca_file[0] == '\0')
		PG_RETURN_NULL();
	/* a FIFO would make fopen() wait for whoever writes to it */
	if (stat(respond_ca_file, &status) == 0 && !S_ISREG(status.st_mode))
		PG_RETURN_TEXT_P(cstring_to_text(psprintf("\"%s\" is not a file", respond_ca_file)));
	file = AllocateFile(respond_ca_file, PG_BINARY_R);
	if (file == NULL)
		PG_RETURN_TEXT_P(cstring_to_text(psprintf("could not open file \"%s\": %s", respond_ca_file, strerror(errno))));
	found = holds_certificate(file);
	FreeFile(file);
	if (!found)
		PG_RETURN_TEXT_P(cstring_to_text(psprintf("file \"%s\" holds no certificate in PEM form", respond_ca_file)));
	PG_RETURN_NULL();
}
