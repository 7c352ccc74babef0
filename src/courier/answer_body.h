/*-------------------------------------------------------------------------
 * answer_body.h
 *	  The body of an answer as a value of JSON.
 *
 * src/courier/answer_body.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_BODY_H
#define RESPOND_ANSWER_BODY_H

#include "utils/jsonb.h"

/*
 * JSON where the content type (NULL: none) says so, otherwise text, otherwise
 * base64; null when there is none.  In a transaction, palloc'd.
 */
extern void respond_answer_body(const char *content_type, const char *bytes, size_t length, JsonbValue *value);

#endif							/* RESPOND_ANSWER_BODY_H */
