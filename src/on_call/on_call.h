/*-------------------------------------------------------------------------
 * on_call.h
 *	  Who is on call for a team, as a pure function of its layers and overrides;
 *	  builds without a server.
 *
 * The first layer that has somebody says who; then overrides apply: who is
 * replaced, who is removed, who is added.  An override that leaves nobody is a
 * gap, and no layer below it is asked.
 *
 * Times are microseconds since 2000-01-01 in UTC, as the server's.
 *
 * src/on_call/on_call.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ON_CALL_H
#define RESPOND_ON_CALL_H

#include "calendar/calendar.h"
#include "on_call/rotation.h"

typedef struct OnCallLayer
{
	const char *agent;			/* or a rotation */
	const Rotation *rotation;
	Calendar   *windows;		/* NULL: always */
	int64_t		valid_from;
	int64_t		valid_to;
} OnCallLayer;

typedef enum OverrideKind
{
	OVERRIDE_REPLACE, OVERRIDE_REMOVE, OVERRIDE_ADD
} OverrideKind;

typedef struct OnCallOverride
{
	OverrideKind kind;
	const char *agent;
	const char *with_agent;		/* who replaces */
	int64_t		from;
	int64_t		to;
} OnCallOverride;

typedef struct OnCallTeam
{
	int			layer_count;
	const OnCallLayer *layers;	/* the top one first */
	int			override_count;
	const OnCallOverride *overrides;	/* by their begin; of two that say who replaces one person the last counts */
	int			absent_count;
	const char *const *absent;	/* who is not available; a layer with one of them has nobody */
} OnCallTeam;

typedef struct OnCallPerson
{
	const char *agent;
	int			source;			/* the layer, or behind those the override */
	int64_t		turn;			/* when the shift of the rotation began */
} OnCallPerson;

/* A stretch of time in which nothing changes; there may be other stretches beside it that say the same. */
typedef struct OnCallPiece
{
	int64_t		from;
	int64_t		to;
	int			count;
	OnCallPerson *people;		/* room for as many as there are overrides, and one */
} OnCallPiece;

/* The piece that a time is in, which must be finite and valid for the server. */
extern void respond_on_call_piece(const OnCallTeam *team, int64_t at, OnCallPiece *piece);

#endif							/* RESPOND_ON_CALL_H */
