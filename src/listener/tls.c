/*-------------------------------------------------------------------------
 * tls.c
 *	  The certificate and key of the program.
 *
 * src/listener/tls.c
 *-------------------------------------------------------------------------
 */
#include "listener/tls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static SSL_CTX *context;

/* We speak one protocol; a caller that names others only is told so. */
static int
choose_protocol(SSL *tls, const unsigned char **out, unsigned char *length, const unsigned char *in,
				unsigned int in_length, void *unused)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, length, ours, sizeof(ours) - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A key with a passphrase: nobody is there to ask. */
static int
no_passphrase(char *buffer, int size, int writing, void *unused)
{
	return -1;
}

/* The words of OpenSSL for its last error, behind ours. */
static const char *
explain(const char *what)
{
	static char text[300];
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(text, sizeof(text), "%s%s%s", what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
	ERR_clear_error();
	return text;
}

/* The first certificate is ours, those behind it are of who signed it. */
static const char *
read_certificates(SSL_CTX *fresh, BIO *file)
{
	X509	   *certificate = PEM_read_bio_X509_AUX(file, NULL, no_passphrase, NULL);
	bool		good = certificate != NULL && SSL_CTX_use_certificate(fresh, certificate) == 1;

	X509_free(certificate);
	if (!good)
		return explain("the certificate cannot be used");
	while ((certificate = PEM_read_bio_X509(file, NULL, no_passphrase, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(fresh, certificate) != 1)
		{
			X509_free(certificate);
			return explain("a certificate of who signed the certificate cannot be used");
		}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return explain("a certificate of who signed the certificate cannot be used");
	ERR_clear_error();
	return NULL;
}

static const char *
read_key(SSL_CTX *fresh, BIO *file)
{
	EVP_PKEY   *key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
	const char *fault = NULL;

	if (key == NULL)
		return explain("the key cannot be read; one with a passphrase is of no use here");
	if (SSL_CTX_use_PrivateKey(fresh, key) != 1 || SSL_CTX_check_private_key(fresh) != 1)
		fault = explain("the key does not belong to the certificate");
	EVP_PKEY_free(key);
	return fault;
}

/* What does not depend on the certificate. */
static void
set_up(SSL_CTX *fresh)
{
	static const unsigned char session[] = "pg_respond";

	SSL_CTX_set_min_proto_version(fresh, TLS1_2_VERSION);
	SSL_CTX_set_options(fresh, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
						SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(fresh, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(fresh, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(fresh, session, sizeof(session) - 1);
	SSL_CTX_set_alpn_select_cb(fresh, choose_protocol, NULL);
}

static const char *
make_context(SSL_CTX *fresh, BIO *certificate, BIO *key)
{
	const char *fault;

	if (fresh == NULL || certificate == NULL || key == NULL)
		return "there is no memory for certificate and key";
	set_up(fresh);
	fault = read_certificates(fresh, certificate);
	return fault != NULL ? fault : read_key(fresh, key);
}

const char *
respond_tls_take(const char *certificate, size_t certificate_length, const char *key,
				 size_t key_length)
{
	SSL_CTX    *fresh;
	BIO		   *certificate_file;
	BIO		   *key_file;
	const char *fault;

	if (certificate_length == 0 && key_length == 0)
	{
		SSL_CTX_free(context);
		context = NULL;
		return NULL;
	}
	if (certificate_length == 0 || key_length == 0)
		return certificate_length == 0 ? "there is a key, but no certificate" : "there is a certificate, but no key";
	if (certificate_length > INT_MAX || key_length > INT_MAX)
		return "certificate or key is too large";
	fresh = SSL_CTX_new(TLS_server_method());
	certificate_file = BIO_new_mem_buf(certificate, certificate_length);
	key_file = BIO_new_mem_buf(key, key_length);
	fault = make_context(fresh, certificate_file, key_file);
	BIO_free(certificate_file);
	BIO_free(key_file);
	if (fault != NULL)
	{
		SSL_CTX_free(fresh);
		return fault;
	}
	SSL_CTX_free(context);
	context = fresh;
	return NULL;
}

bool
respond_tls_is_ready(void)
{
	return context != NULL;
}

/* Without gmtime() and mktime(), which may open files. */
uint64_t
respond_tls_end(void)
{
	X509	   *certificate = context == NULL ? NULL : SSL_CTX_get0_certificate(context);
	ASN1_TIME  *start = certificate == NULL ? NULL : ASN1_TIME_new();
	uint64_t	end = 0;
	int			days;
	int			seconds;

	if (start != NULL && ASN1_TIME_set_string(start, "19700101000000Z") == 1 &&
		ASN1_TIME_diff(&days, &seconds, start, X509_get0_notAfter(certificate)) == 1)
		end = days < 0 || seconds < 0 ? 1 : (uint64_t) days * 86400 + seconds;
	ASN1_TIME_free(start);
	ERR_clear_error();
	return end;
}

SSL *
respond_tls_begin(int fd)
{
	SSL		   *tls = context != NULL ? SSL_new(context) : NULL;

	if (tls != NULL && SSL_set_fd(tls, fd) != 1)
	{
		SSL_free(tls);
		tls = NULL;
	}
	return tls;
}
