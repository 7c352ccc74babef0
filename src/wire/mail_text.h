/*-------------------------------------------------------------------------
 * mail_text.h
 *	  A growing text that survives a lack of memory, and checks of UTF-8.
 *
 * The first failure sticks: later appends do nothing, so callers look at
 * failed once, at the end.
 *
 * src/wire/mail_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_TEXT_H
#define RESPOND_MAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty text.  Once data is not NULL, a NUL follows its bytes. */
typedef struct MailText
{
	char	   *data;			/* of malloc */
	size_t		length;			/* bytes, without the NUL */
	size_t		capacity;
	bool		failed;			/* out of memory: the text is not complete */
} MailText;

extern void respond_mail_text_append(MailText *text, const char *bytes, size_t length);
extern void respond_mail_text_append_string(MailText *text, const char *string);

/* The text as a string, never NULL. */
extern const char *respond_mail_text_string(const MailText *text);

/* Empties the text, keeps its memory and forgets a failure. */
extern void respond_mail_text_reset(MailText *text);

extern void respond_mail_text_free(MailText *text);

/*
 * Bytes of the character of UTF-8 (RFC 3629, so neither surrogates nor longer
 * forms than needed) that the length bytes begin with; 0 when there is none.
 */
extern size_t respond_mail_text_utf8_size(const char *bytes, size_t length);

/*
 * NULL when all bytes are UTF-8 without control characters (U+0000 to U+001F
 * and U+007F to U+009F), or why not: "is not UTF-8", "holds a control
 * character".  A tab is legal where tab_allowed.
 */
extern const char *respond_mail_text_check(const char *bytes, size_t length, bool tab_allowed);

#endif							/* RESPOND_MAIL_TEXT_H */
