/*-------------------------------------------------------------------------
 * rest_call.h
 *	  One request of the REST interface on its way to an answer.
 *
 * src/rest/rest_call.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_CALL_H
#define RESPOND_REST_CALL_H

#include "common/json_value.h"
#include "companion/problem.h"
#include "rest/query_text.h"
#include "rest/resource.h"
#include "rest/route.h"
#include "rest/token.h"

struct Link;

typedef struct RestCall
{
	Arena	   *arena;
	const WebRequest *request;
	const Route *routes;		/* all that there are */
	int			route_count;
	RouteMatch	match;
	const Route *route;
	WebQuery	query;			/* texts in the database's encoding */
	JsonValue  *body;			/* an object in the database's encoding; NULL: there is none */
	const Token *token;			/* NULL: the route needs none */
	struct Link *link;			/* of a ROUTE_PAGE */
	const char *refusal;		/* out: what the answer says when it refuses, in UTF-8 */
	bool		has_left;		/* nobody waits for the answer */
	int			item;			/* of a list in the body that is being worked on; -1: none */
	WebAnswer  *answer;			/* out; one from 400 on undoes what was done */
} RestCall;

/* A value of the path, and that of {id} as a number. */
extern const char *respond_call_value(const RestCall *call, int i);
extern int64 respond_call_id(const RestCall *call);

/* Answers with JSON in the encoding of the database. */
extern void respond_call_json(RestCall *call, int status, const char *json);

/* Refuses, in words of the database's encoding. */
extern void respond_call_refuse(RestCall *call, int status, const char *detail);
extern void respond_call_refuse_place(RestCall *call, int status, const ProblemPlace *place);

/* The path of what was created, with what stands before /v1, for Location. */
extern void respond_call_locate(RestCall *call, const char *path);

/* Text of the database in UTF-8, in the arena. */
extern const char *respond_call_utf8(RestCall *call, const char *text);

/* Text in UTF-8 as text of the database; raises ERRCODE_CHARACTER_NOT_IN_REPERTOIRE and the like. */
extern char *respond_call_from_utf8(const char *text, size_t length);

#endif							/* RESPOND_REST_CALL_H */
