/*-------------------------------------------------------------------------
 * rest_error.h
 *	  Errors of the server as answers.
 *
 * src/rest/rest_error.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_ERROR_H
#define RESPOND_REST_ERROR_H

#include "utils/elog.h"

#include "rest/rest_call.h"

/*
 * Answers with the error.  as_role: it was raised while the request ran as its role, which
 * may then be told what SQL would tell it; any other is told as unknown.  expired: the time
 * of the request was up.
 */
extern void respond_rest_error(RestCall *call, const ErrorData *error, bool as_role, bool expired);

/* Whether the same request may do better at once. */
extern bool respond_rest_error_is_chance(const ErrorData *error);

#endif							/* RESPOND_REST_ERROR_H */
