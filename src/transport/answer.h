/*-------------------------------------------------------------------------
 * answer.h
 *	  The whole answer to a request whose answer is wanted.
 *
 * All answers that are being received share one amount of memory, so that a
 * process that hears many large ones at once does not grow.  Each takes a part
 * of it before its request is sent, and more while it comes in.
 *
 * src/transport/answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ANSWER_H
#define RESPOND_ANSWER_H

#include "lib/stringinfo.h"

/* Bytes that all answers may take together, and that one may take. */
#define ANSWERS_LIMIT		(32 * 1024 * 1024)
#define ANSWER_LARGEST		(16 * 1024 * 1024)

/* What the headers of one take at most, see TRANSFER_HEADER_LIMIT. */
#define ANSWER_HEADERS		(64 * 1024 + 1)

/* So much is enough, however long the body is that is taken. */
#define ANSWER_ENOUGH(max_body)	((max_body) + 1 + ANSWER_HEADERS)

typedef struct AnswerBytes
{
	char	   *data;
	size_t		length;
	size_t		room;
} AnswerBytes;

typedef struct Answer
{
	MemoryContext context;		/* of what it holds */
	MemoryContextCallback end;
	size_t		reserved;		/* of the memory of all */
	size_t		max_body;
	AnswerBytes headers;		/* as they came, line by line, of the final answer */
	AnswerBytes body;
	bool		too_large;		/* more than max_body came */
	bool		no_room;		/* there was no memory for it */
} Answer;

/* Whether there is memory for an answer that is expected to have this many bytes. */
extern bool respond_answer_has_room(size_t expected);

/* Reserves them; until the context is reset or deleted. */
extern Answer *respond_answer_create(MemoryContext context, size_t max_body, size_t expected);

/* What arrives; false: no more is wanted.  Raise no error. */
extern bool respond_answer_add_header(Answer *answer, const char *line, size_t length);
extern bool respond_answer_add_body(Answer *answer, const char *data, size_t length);

/* Another answer begins, to the same request. */
extern void respond_answer_begin(Answer *answer);

/* Says why it was cut off; false: it was not. */
extern bool respond_answer_fault(const Answer *answer, char *text, size_t size);

#endif							/* RESPOND_ANSWER_H */
