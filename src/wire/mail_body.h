/*-------------------------------------------------------------------------
 * mail_body.h
 *	  The content of a mail: its parts, in lines that any mail server takes.
 *
 * src/wire/mail_body.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_BODY_H
#define RESPOND_MAIL_BODY_H

#include "wire/mail_text.h"

/*
 * Appends a text as quoted-printable (RFC 2045 section 6.7).  LF, CR and CR LF
 * are line breaks, each one CR LF in what is written; no line has more than 76
 * characters or begins with a dot or with "From ", which are not left to the
 * programs on the way to escape.
 */
extern void respond_mail_body_text(const char *text, MailText *out);

/*
 * Appends the headers that tell of the content, an empty line, and the content
 * itself: a text, an HTML text, or the two as alternatives of each other.  A text
 * that is NULL is not there; when neither is, the text is empty.  The boundary is
 * made of id, which must be of letters, digits and hyphens, 60 at most.
 */
extern void respond_mail_body_write(const char *text, const char *html, const char *id, MailText *out);

#endif							/* RESPOND_MAIL_BODY_H */
