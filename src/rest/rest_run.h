/*-------------------------------------------------------------------------
 * rest_run.h
 *	  Answers requests as the role of their token.
 *
 * src/rest/rest_run.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_RUN_H
#define RESPOND_REST_RUN_H

#include "rest/rest_call.h"

/*
 * Calls the route's answer() as the role, within the transaction that there is.
 * *expired: its time was up.  Raises what that raises; then, and in every case
 * before the transaction ends, respond_rest_run_end() puts the session back.
 */
extern void respond_rest_run(RestCall *call, bool *expired);
extern void respond_rest_run_end(void);

#endif							/* RESPOND_REST_RUN_H */
