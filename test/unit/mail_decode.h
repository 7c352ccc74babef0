/*-------------------------------------------------------------------------
 * mail_decode.h
 *	  A small reader of mail headers, for tests; shares nothing with the writer.
 *
 * test/unit/mail_decode.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_DECODE_H
#define RESPOND_MAIL_DECODE_H

#include <stdbool.h>
#include <stddef.h>

/* Unfolds "Name: value" and decodes its encoded words; malloc. */
extern char *mail_decode_text(const char *header);

/* The same for a header of addresses: one "name|address" per line; malloc. */
extern char *mail_decode_addresses(const char *header);

/*
 * NULL, or what is wrong with the lines of a header: control characters, a
 * line break that does not fold, lines longer than longest, encoded words
 * longer than 75 characters or with half a character.
 */
extern const char *mail_find_fault(const char *header, size_t longest);

#endif							/* RESPOND_MAIL_DECODE_H */
