/*-------------------------------------------------------------------------
 * mail_header.h
 *	  Headers of mail: encoded words, folding, lists of addresses, dates.
 *
 * The part of RFC 5322 and RFC 2047 that libcurl's MIME functions leave to
 * their caller.  Each function appends one whole header, "Name: value", in
 * ASCII (addresses that are not ASCII excepted), folded with CR LF and a
 * space, without the CR LF at its end: what a list of headers for libcurl
 * wants.  A header that is refused appends nothing.
 *
 * The functions return NULL, or why the header is refused, to be read behind
 * its name: "holds a control character".  Texts end at their NUL, so that none
 * can get into a header.
 *
 * src/wire/mail_header.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_HEADER_H
#define RESPOND_MAIL_HEADER_H

#include <stdint.h>

#include "wire/mail_address.h"
#include "wire/mail_text.h"

#define MAIL_HEADER_NAME_LONGEST	70	/* bytes; longer ones leave no room in a line */

/*
 * A header of free text, such as Subject, from UTF-8.  ASCII stays as it is
 * and is folded only where a line would exceed the 998 characters of RFC 5322
 * section 2.1.1.  Any other text becomes encoded words of UTF-8 (RFC 2047), B
 * or Q, whichever is shorter, in lines of at most 76 characters.  A tab becomes
 * a space; other control characters and bytes that are not UTF-8 are refused.
 */
extern const char *respond_mail_header_text(const char *name, const char *value, MailText *out);

/*
 * A header of addresses, such as From or To.  Names become atoms, quoted
 * strings or encoded words, whatever they need; lines have at most 76
 * characters unless one address alone is longer.  In a list that must be ASCII an
 * address that is not becomes the name of an empty group (as in RFC 6857): it can
 * be read, but not be answered to.
 */
extern const char *respond_mail_header_addresses(const char *name, const MailAddresses *list,
												 MailText *out);

/*
 * The header Date (RFC 5322 section 3.3) of a time in seconds since 1970, in
 * UTC and English whatever the locale.  Times outside of the years 1900 to 9999
 * become the nearest of these.
 */
extern const char *respond_mail_header_date(int64_t seconds, MailText *out);

#endif							/* RESPOND_MAIL_HEADER_H */
