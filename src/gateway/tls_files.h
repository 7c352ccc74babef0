/*-------------------------------------------------------------------------
 * tls_files.h
 *	  Certificate and key of the gateway, as they lie in files.
 *
 * src/gateway/tls_files.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TLS_FILES_H
#define RESPOND_TLS_FILES_H

typedef struct TlsFiles
{
	char	   *certificate;	/* palloc'd; NULL: none is set, or something is wrong */
	char	   *key;			/* the same; to be wiped */
	char		fault[256];		/* what is wrong, as a clause; empty: nothing */
} TlsFiles;

/* Reads what the settings name, into the current memory context. */
extern void respond_tls_files_read(TlsFiles *files);

/* Wipes the key and frees both. */
extern void respond_tls_files_free(TlsFiles *files);

#endif							/* RESPOND_TLS_FILES_H */
