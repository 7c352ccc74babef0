/*-------------------------------------------------------------------------
 * tls.h
 *	  The certificate and key of the program.
 *
 * src/listener/tls.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TLS_H
#define RESPOND_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;

/*
 * Takes certificates and key, as PEM; connections that there are keep theirs.
 * Returns NULL, or what is wrong: then those of before stay in use.  Both empty:
 * none are in use.
 */
extern const char *respond_tls_take(const char *certificate, size_t certificate_length, const char *key,
									size_t key_length);

extern bool respond_tls_is_ready(void);

/* When the certificate in use ends, in seconds since 1970; 0: none is in use. */
extern uint64_t respond_tls_end(void);

/* For a connection that was accepted; NULL: there is no memory for it, or no certificate. */
extern struct ssl_st *respond_tls_begin(int fd);

#endif							/* RESPOND_TLS_H */
