/*-------------------------------------------------------------------------
 * request_line.h
 *	  Pieces of text of which requests are made, over HTTP and by mail.
 *
 * src/courier/request_line.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_LINE_H
#define RESPOND_REQUEST_LINE_H

#include "transport/transfer.h"

/* It cannot be sent: raises ERRCODE_RESPOND_STEP_FAILED with what is at fault, and how. */
extern void respond_request_line_refuse(const char *what, const char *fault);

/* Text that is sent is in UTF-8, whatever the database is in; of NULL NULL. */
extern char *respond_request_line_utf8(const char *text);

/* The text with the secret in the place of each mark; the text itself when mark is NULL. */
extern char *respond_request_line_put_secret(const char *text, const char *mark, const char *secret);

/* Adds a header; the line is the request's own memory. */
extern void respond_request_line_add(Transfer *transfer, char *line);

#endif							/* RESPOND_REQUEST_LINE_H */
