/*-------------------------------------------------------------------------
 * problem.h
 *	  Answers that say what is wrong with a request: problem documents of RFC 9457.
 *
 * It builds without a server.
 *
 * src/companion/problem.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROBLEM_H
#define RESPOND_PROBLEM_H

#include "companion/web_answer.h"

/* Something wrong at one place of the request. */
typedef struct ProblemPlace
{
	const char *pointer;		/* into the body, as RFC 6901 has it; NULL: parameter says where */
	const char *parameter;		/* of the query; NULL: it is in the body */
	const char *detail;
} ProblemPlace;

/*
 * An answer of this status with an application/problem+json: title is the
 * status in words, detail one sentence in UTF-8, or NULL.
 */
extern WebAnswer *respond_problem(Arena *arena, int status, const char *detail);

/* The same with what is to be done about it (NULL: nothing) and the places that are wrong. */
extern WebAnswer *respond_problem_at(Arena *arena, int status, const char *detail, const char *remedy,
									 const ProblemPlace *places, int count);

/* The status in the words of RFC 9110 and its relatives. */
extern const char *respond_status_words(int status);

#endif							/* RESPOND_PROBLEM_H */
