/*-------------------------------------------------------------------------
 * message_http.h
 *	  Body, headers and url of a message that goes over HTTP.
 *
 * src/message/message_http.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MESSAGE_HTTP_H
#define RESPOND_MESSAGE_HTTP_H

#include "message/message_roots.h"

/* Null, or an empty text. */
extern bool respond_message_is_empty(const JsonbValue *value);

/* An object without its members that are empty. */
extern Jsonb *respond_message_without_empty(Jsonb *body);

/* The body as text, and what kind of text it is. */
extern char *respond_message_encode_body(const Channel *channel, Jsonb *body, const char **content_type);

/* Why a header cannot be sent, to be read behind its name; NULL: it can. */
extern const char *respond_message_header_fault(const char *name, const char *value);

/* A header that is not empty, into an object; raises ERRCODE_RESPOND_STEP_FAILED when it cannot be sent. */
extern void respond_message_push_header(JsonbParseState **state, const char *place, const char *name, char *value);

/* Those of the kind, rendered, and the type of the body (NULL: none). */
extern Jsonb *respond_message_render_headers(const Channel *channel, const TemplateValue *root,
											 const char *content_type, const char *place);

/*
 * The url of the channel, where that depends on the message; else NULL: the courier
 * knows it.  mark: for the secret, NULL: none.  The last use of the roots.
 */
extern char *respond_message_render_url(const Channel *channel, const Message *message, MessageRoots *roots,
										const char *mark, const char *place);

#endif							/* RESPOND_MESSAGE_HTTP_H */
