/*-------------------------------------------------------------------------
 * mail_line.h
 *	  Writes a header of mail piece by piece, in lines of 76 characters.
 *
 * A piece that does not fit into the line begins the next one, behind CR LF
 * and a space.
 *
 * src/wire/mail_line.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_LINE_H
#define RESPOND_MAIL_LINE_H

#include "wire/mail_text.h"

typedef struct MailLine
{
	MailText   *out;			/* not owned */
	size_t		column;			/* characters in the line so far */
} MailLine;

/* Appends bytes as they are. */
extern void respond_mail_line_put(MailLine *line, const char *bytes, size_t length);

/* Ends the line; what is put next must begin with a space. */
extern void respond_mail_line_break(MailLine *line);

/* Appends bytes behind a space, in the next line if this one has no room. */
extern void respond_mail_line_put_piece(MailLine *line, const char *bytes, size_t length);

/*
 * Appends text, which must be UTF-8, as encoded words (RFC 2047), B or Q,
 * whichever is shorter.  No word splits a character.
 */
extern void respond_mail_line_put_encoded(MailLine *line, const char *text, size_t length);

#endif							/* RESPOND_MAIL_LINE_H */
