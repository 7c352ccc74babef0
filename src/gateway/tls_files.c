/*-------------------------------------------------------------------------
 * tls_files.c
 *	  Certificate and key of the gateway, as they lie in files.
 *
 * The program that meets callers opens no files: it is given what stands in
 * these.  Whether they fit each other is its business, and it tells when the
 * certificate in use ends; here it is seen whether they can be read, and whether
 * others could read the key.
 *
 * src/gateway/tls_files.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "common/guc.h"
#include "gateway/tls_files.h"

#define LONGEST_FILE	(1024 * 1024)

/* As the server asks of ssl_key_file. */
static bool
is_private(const struct stat *found)
{
	return found->st_uid == 0 ? (found->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) == 0 :
		found->st_uid == geteuid() && (found->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* The text of a file, palloc'd; NULL: fault says why not. */
static char *
read_file(const char *path, bool is_key, char *fault, size_t size)
{
	struct stat found;
	FILE	   *file = AllocateFile(path, "r");
	char	   *text = NULL;

	if (file == NULL || fstat(fileno(file), &found) < 0)
		snprintf(fault, size, "file \"%s\" could not be opened: %s", path, strerror(errno));
	else if (!S_ISREG(found.st_mode) || found.st_size > LONGEST_FILE)
		snprintf(fault, size, "file \"%s\" is no regular file, or larger than a megabyte", path);
	else if (is_key && !is_private(&found))
		snprintf(fault, size, "file \"%s\" can be read by others; its owner must be the server's user or root, and its"
				 " rights 0600, or 0640 if it is root's", path);
	else
	{
		size_t		length = 0;

		text = palloc0(found.st_size + 1);
		length = fread(text, 1, found.st_size, file);
		text[length] = '\0';
	}
	if (file != NULL)
		FreeFile(file);
	return text;
}

/* Whether the text begins with a certificate that can be read. */
static bool
has_certificate(const char *text)
{
	BIO		   *bytes = BIO_new_mem_buf(text, -1);
	X509	   *certificate = bytes == NULL ? NULL : PEM_read_bio_X509(bytes, NULL, NULL, NULL);

	X509_free(certificate);
	BIO_free(bytes);
	ERR_clear_error();
	return certificate != NULL;
}

void
respond_tls_files_free(TlsFiles *files)
{
	if (files->certificate != NULL)
		pfree(files->certificate);
	if (files->key != NULL)
	{
		OPENSSL_cleanse(files->key, strlen(files->key));
		pfree(files->key);
	}
	files->certificate = files->key = NULL;
}

void
respond_tls_files_read(TlsFiles *files)
{
	memset(files, 0, sizeof(*files));
	if (respond_gateway_certificate[0] == '\0' && respond_gateway_key[0] == '\0')
		return;
	if (respond_gateway_certificate[0] == '\0' || respond_gateway_key[0] == '\0')
	{
		snprintf(files->fault, sizeof(files->fault), "%s is not set",
				 respond_gateway_key[0] == '\0' ? "pg_respond.gateway_key" : "pg_respond.gateway_certificate");
		return;
	}
	files->certificate = read_file(respond_gateway_certificate, false, files->fault, sizeof(files->fault));
	if (files->certificate != NULL)
		files->key = read_file(respond_gateway_key, true, files->fault, sizeof(files->fault));
	if (files->key != NULL && !has_certificate(files->certificate))
		snprintf(files->fault, sizeof(files->fault), "file \"%s\" has no certificate in PEM",
				 respond_gateway_certificate);
	if (files->fault[0] != '\0')
		respond_tls_files_free(files);
}
