/*-------------------------------------------------------------------------
 * answer_head.h
 *	  The head of an answer, as it is sent.
 *
 * src/listener/answer_head.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_HEAD_H
#define RESPOND_ANSWER_HEAD_H

#include <stdbool.h>

#include "companion/web_answer.h"

/* How the caller finds the end of the body. */
typedef enum AnswerFraming
{
	ANSWER_LENGTH,				/* Content-Length */
	ANSWER_CHUNKED,
	ANSWER_CLOSED				/* the connection ends */
} AnswerFraming;

typedef struct AnswerForm
{
	int			minor;			/* the caller speaks HTTP/1.minor */
	bool		keep_alive;
	bool		is_head;		/* the request was HEAD: there is no body, and its length may not be known */
	AnswerFraming framing;
} AnswerForm;

/* In the arena; NULL: there is no memory for it. */
extern char *respond_answer_head(Arena *arena, const WebAnswer *answer, AnswerForm form, size_t *length);

#endif							/* RESPOND_ANSWER_HEAD_H */
