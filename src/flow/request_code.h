/*-------------------------------------------------------------------------
 * request_code.h
 *	  Action "request", compiled: how long, how often, and which answers are good.
 *
 * src/flow/request_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_CODE_H
#define RESPOND_REQUEST_CODE_H

#include "flow/flow_code.h"

/* Places of its parameters. */
enum
{
	REQUEST_CHANNEL, REQUEST_URL, REQUEST_METHOD, REQUEST_HEADERS, REQUEST_BODY, REQUEST_ATTEMPT_TIMEOUT,
	REQUEST_EXPECT, REQUEST_MAX_BODY, REQUEST_CALLBACK, REQUEST_CALLBACK_TIMEOUT,
	REQUEST_PARAMETERS
};

typedef struct RequestCode
{
	int64		timeout_ms;
	int32		attempt_timeout_ms;
	int32		max_attempts;
	int32		max_body;
	Jsonb	   *pattern;		/* that the answer must match; NULL: none */
	bool		asks_status;	/* the pattern says which statuses are good */
	int32	   *statuses;		/* that are good; NULL: 200 to 299, or as the pattern says */
	int			status_count;
	int64		callback_ms;	/* so long the url may be called that it names; 0: it names none */
} RequestCode;

/* Compiles what the table of actions does not describe, into step->code. */
extern void respond_request_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);

/* Why an answer with this status is a failure; NULL: it is none.  answer: {"status", "headers", "body"} */
extern const char *respond_request_judge(const RequestCode *code, int32 status, Jsonb *answer);

extern const char *const respond_request_methods[];

#endif							/* RESPOND_REQUEST_CODE_H */
