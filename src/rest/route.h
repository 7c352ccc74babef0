/*-------------------------------------------------------------------------
 * route.h
 *	  What can be asked for.
 *
 * By one table of routes requests are sent to who answers them, and the
 * interface describes itself.
 *
 * It builds without a server.
 *
 * src/rest/route.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROUTE_H
#define RESPOND_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"

#define ROUTE_MAX_VALUES		2
#define ROUTE_MAX_PARAMETERS	12

struct RestCall;
struct Resource;

/* What is known of a route beside its path. */
#define ROUTE_READS			(1 << 0)	/* changes nothing: runs in a transaction that cannot */
#define ROUTE_OPEN			(1 << 1)	/* needs no token */
#define ROUTE_LISTS			(1 << 2)	/* a list in pages */
#define ROUTE_TAGGED		(1 << 3)	/* the answer has an entity tag */
#define ROUTE_CHANGES		(1 << 4)	/* If-Match says what it is based on */
#define ROUTE_CREATES		(1 << 5)	/* 201 */
#define ROUTE_OWN_CODE		(1 << 6)	/* runs functions of pg_respond alone, see rest_run.h */
#define ROUTE_MAY_LACK_BODY	(1 << 7)	/* an empty body stands for {} */
#define ROUTE_CLOUD_EVENTS	(1 << 8)	/* the body is read by who answers */
#define ROUTE_WHOLE_LIST	(1 << 9)	/* a list without pages */
#define ROUTE_ACCEPTS		(1 << 10)	/* 202 */
#define ROUTE_PAGE			(1 << 11)	/* for people who follow a link: the path has it, the answer is HTML */

/* A parameter of the query. */
typedef struct RouteParameter
{
	const char *name;			/* NULL: no more */
	const char *type;			/* "string", "integer", "date-time" */
	const char *words;			/* the only ones that it may be, with commas; NULL: any */
	bool		many;			/* several, with commas between them */
	const char *about;
} RouteParameter;

typedef struct Route
{
	const char *method;
	const char *path;			/* {id} stands for a number, {uuid} and {name} for what they say */
	const char *scope;
	const char *name;			/* of the operation, in one word */
	const char *about;
	int			flags;
	const struct Resource *body;	/* what is sent; NULL: nothing */
	const struct Resource *result;	/* what is answered, one or a list of it */
	RouteParameter parameters[ROUTE_MAX_PARAMETERS];
	void		(*answer) (struct RestCall *call);
} Route;

typedef enum RouteVerdict
{
	ROUTE_FOUND,
	ROUTE_NO_PATH,				/* 404 */
	ROUTE_NO_METHOD				/* 405, or an answer to OPTIONS */
} RouteVerdict;

typedef struct RouteMatch
{
	const Route *route;
	const char *values[ROUTE_MAX_VALUES];	/* of {...} in order, decoded */
	char		allow[64];		/* with ROUTE_NO_METHOD: the methods that there are */
} RouteMatch;

/* HEAD is what GET is. */
extern RouteVerdict respond_route_find(Arena *arena, const Route *routes, int count, const char *method,
									   const char *path, RouteMatch *match);

/* Reads a number from 1 on. */
extern bool respond_route_number(const char *text, int64_t *number);

#endif							/* RESPOND_ROUTE_H */
