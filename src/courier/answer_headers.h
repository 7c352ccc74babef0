/*-------------------------------------------------------------------------
 * answer_headers.h
 *	  The headers of an answer as an object of JSON.
 *
 * src/courier/answer_headers.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_HEADERS_H
#define RESPOND_ANSWER_HEADERS_H

#include "utils/jsonb.h"

/*
 * From lines that end with CR LF.  Names are in lower case; values of one name
 * are joined by commas (RFC 9110 section 5.3), those of set-cookie, which may hold
 * commas, are an array.  palloc'd.
 */
extern Jsonb *respond_answer_headers(const char *lines, size_t length);

/* The value of one, NULL: there is none. */
extern char *respond_answer_header(Jsonb *headers, const char *name);

#endif							/* RESPOND_ANSWER_HEADERS_H */
