/*-------------------------------------------------------------------------
 * request_text.h
 *	  Bytes of a request as text of the database.
 *
 * src/inbound/request_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_TEXT_H
#define RESPOND_REQUEST_TEXT_H

#include "utils/jsonb.h"

#include "companion/web_request.h"
#include "inbound/form_read.h"

/*
 * UTF-8 if it is, else ISO 8859-1; palloc'd.  A NUL, and what the database has no
 * character for, becomes a question mark.
 */
extern char *respond_request_text(const char *bytes, size_t length);

/* The headers as an object, but for those that nobody may see; hidden: the name of one more, or NULL. */
extern Jsonb *respond_request_headers(const WebRequest *request, const char *hidden);

/* The same with *** in their place. */
extern Jsonb *respond_request_masked_headers(const WebRequest *request, const char *const *hidden, int hidden_count);

/* The fields of a form or a query as an object; those that come more than once as a list. */
extern Jsonb *respond_request_form(const Form *form);

#endif							/* RESPOND_REQUEST_TEXT_H */
