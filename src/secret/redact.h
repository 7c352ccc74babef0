/*-------------------------------------------------------------------------
 * redact.h
 *	  Taking a secret out of what a receiver answered.
 *
 * src/secret/redact.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REDACT_H
#define RESPOND_REDACT_H

/* The ways in which a secret may stand in a text. */
typedef struct SecretForms SecretForms;

/*
 * The forms of the secret of a channel, held once, in memory of their own: in UTF-8,
 * in the database's encoding and in ISO 8859-1, as it is, as numbers, in base64
 * wherever in a text it stands, as the credentials that go with the user name
 * (NULL: none), and, if it signs, each of several secrets.  Those of less
 * than four bytes are left out: taking them out of a text would leave nothing of it.
 */
extern SecretForms *respond_secret_forms(const char *secret, const char *user, bool signs);

/* Keeps them until context is reset or deleted; NULL is fine. */
extern void respond_secret_forms_hold(SecretForms *forms, MemoryContext context);

/* The last who releases them overwrites and frees them; NULL is fine. */
extern void respond_secret_forms_release(SecretForms *forms);

/*
 * Puts *** in the place of each form, however it is quoted, and of the beginning
 * of one that the end of the text has cut.  Returns the new length, which is at
 * most the old one, and at most kept: what is behind that is not looked at, but
 * where a secret begins before it.  forms NULL: leaves the text alone.
 */
extern size_t respond_secret_redact(const SecretForms *forms, char *text, size_t length, size_t kept);

#endif							/* RESPOND_REDACT_H */
