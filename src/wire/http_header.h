/*-------------------------------------------------------------------------
 * http_header.h
 *	  What may stand in a header of HTTP, and CloudEvents' attributes there.
 *
 * src/wire/http_header.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_HEADER_H
#define RESPOND_HTTP_HEADER_H

#include "wire/mail_text.h"

/*
 * NULL when name is a field name (RFC 9110 section 5.1: a token) and value may
 * be sent as it is (section 5.5: no control character but a tab; bytes from
 * 0x80 on are legal), or why not, to be read behind the word "header".  value
 * may be NULL, then only the name is checked.  A token also is a field name of
 * mail (RFC 5322 section 2.2).
 */
extern const char *respond_http_header_check(const char *name, const char *value);

/* The same of the name of a header that a kind may set: those that the transport makes are refused. */
extern const char *respond_http_header_check_name(const char *name);

/*
 * Appends the value of an attribute, a string of UTF-8, percent-encoded for a
 * ce-* header: CloudEvents HTTP binding 1.0.2 section 3.1.3.2.
 */
extern void respond_http_header_cloudevents(const char *value, MailText *out);

#endif							/* RESPOND_HTTP_HEADER_H */
